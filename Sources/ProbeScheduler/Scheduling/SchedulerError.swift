/// Why a request is refused.
public enum SchedulerError: Error, Equatable, CustomStringConvertible {
    /// There is nothing to continue.
    case emptyPrompt(RequestID)
    /// The prompt leaves no room for a token.
    case promptTooLong(RequestID, tokens: Int, limit: Int)
    /// The whole cache could not hold the prompt.
    case cacheTooSmall(RequestID, blocks: Int, available: Int)
    /// The name is taken.
    case duplicateID(RequestID)

    /// One line: what was wrong, where, and what was expected.
    public var description: String {
        switch self {
        case .emptyPrompt(let id): "prompt \(id.value) has no tokens; expected at least one"
        case .promptTooLong(let id, let tokens, let limit):
            "prompt \(id.value) has \(tokens) tokens; "
                + "the context of \(limit) tokens must hold it and one more"
        case .cacheTooSmall(let id, let blocks, let available):
            "prompt \(id.value) needs \(blocks) cache blocks; there are \(available)"
        case .duplicateID(let id): "request \(id.value) is already under way"
        }
    }
}
