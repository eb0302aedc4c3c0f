/// Why an evaluation cannot run.
public enum EvaluationError: Error, Equatable, CustomStringConvertible {
    /// The text has fewer tokens than one window.
    case textTooShort(tokens: Int, window: Int)
    /// A line of a file of questions cannot be used.
    case question(path: String, line: Int, reason: String)
    /// A file has no question at all.
    case noQuestions(path: String)
    /// The state file of a sweep cannot be used.
    case sweepState(path: String, reason: String)

    /// One line: what was wrong, where, and what was expected.
    public var description: String {
        switch self {
        case .textTooShort(let tokens, let window):
            "the text has \(tokens) tokens, and one window needs \(window): "
                + "give a longer text or shorter windows"
        case .question(let path, let line, let reason): "\(path), line \(line): \(reason)"
        case .noQuestions(let path):
            "\(path): no questions; expected JSONL with task, context, choices and gold"
        case .sweepState(let path, let reason): "\(path): \(reason)"
        }
    }
}
