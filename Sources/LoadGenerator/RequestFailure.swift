/// Why a request failed.
public enum RequestFailure: Error, Sendable, Equatable {
    /// No connection, or one that broke before an answer.
    case connection(String)
    /// An answer other than 200, with what the server says.
    case status(Int, String)
    /// An error in the midst of the stream.
    case errorEvent(String)
    /// The stream ended before the answer did.
    case brokenStream
    /// Something that is not a stream of completions.
    case malformedStream(String)
    /// No answer, or no end of one, in time.
    case timedOut

    /// Failures of one kind are counted together.
    var kind: String {
        switch self {
        case .connection: "connection"
        case .status(let code, _): "HTTP \(code)"
        case .errorEvent: "error event"
        case .brokenStream: "broken stream"
        case .malformedStream: "malformed stream"
        case .timedOut: "timeout"
        }
    }

    /// What is known besides the kind, on one line of bounded length.
    var detail: String {
        let text =
            switch self {
            case .connection(let text), .status(_, let text), .errorEvent(let text),
                .malformedStream(let text):
                text
            case .brokenStream: "the stream ended without [DONE]"
            case .timedOut: "no end of the answer in time"
            }
        return String(text.map { $0.isNewline ? " " : $0 }.prefix(200))
    }
}
