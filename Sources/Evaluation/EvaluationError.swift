/// Why an evaluation cannot run.
public enum EvaluationError: Error, Equatable, CustomStringConvertible {
    /// The text has fewer tokens than one window.
    case textTooShort(tokens: Int, window: Int)

    /// One line: what was wrong, where, and what was expected.
    public var description: String {
        switch self {
        case .textTooShort(let tokens, let window):
            "the text has \(tokens) tokens; one window needs \(window) (see --context)"
        }
    }
}
