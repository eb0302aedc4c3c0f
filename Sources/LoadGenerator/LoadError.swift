/// Why a load test cannot begin.
public enum LoadError: Error, Equatable {
    /// The address is not one of an HTTP server.
    case invalidAddress(String, expected: String)
    /// A goodput target that cannot be read.
    case invalidGoodputTarget(String, expected: String)
    /// A trace that cannot be opened.
    case unreadableTrace(path: String, reason: String)
    /// A trace with a wrong line; lines count from 1.
    case malformedTrace(path: String, line: Int, expected: String, found: String)
    /// The server does not answer, or not with its models.
    case unreachableServer(url: String, reason: String)
}

extension LoadError: CustomStringConvertible {
    /// One line.
    public var description: String {
        switch self {
        case .invalidAddress(let text, let expected):
            "--url \(text): expected \(expected)"
        case .invalidGoodputTarget(let text, let expected):
            "--goodput \(text): expected \(expected)"
        case .unreadableTrace(let path, let reason):
            "\(path): cannot read the trace: \(reason)"
        case .malformedTrace(let path, let line, let expected, let found):
            "\(path):\(line): expected \(expected), found \(found)"
        case .unreachableServer(let url, let reason):
            "\(url): \(reason)"
        }
    }
}
