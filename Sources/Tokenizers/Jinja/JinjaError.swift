/// Why a template could not be read or rendered.
public enum JinjaError: Error, Equatable {
    /// The template is not well formed.
    case syntax(line: Int, message: String)

    /// The template uses something that is not supported.
    case unsupported(line: Int, construct: String, supported: [String])

    /// An operation of the template failed.
    case evaluation(line: Int, message: String)

    /// The template called `raise_exception`: it refuses the conversation.
    case raised(message: String)

    /// Rendering would take more than the caller allows.
    case limitExceeded(line: Int, limit: String)
}

extension JinjaError: CustomStringConvertible {
    /// One line for the operator.
    public var description: String {
        switch self {
        case .syntax(let line, let message):
            "line \(line): \(Self.oneLine(message))"
        case .unsupported(let line, let construct, let supported):
            "line \(line): \(Self.oneLine(construct)) is not supported; "
                + "supported: \(supported.joined(separator: ", "))"
        case .evaluation(let line, let message):
            "line \(line): \(Self.oneLine(message))"
        case .raised(let message):
            "it refuses the conversation: \(Self.oneLine(message))"
        case .limitExceeded(let line, let limit):
            "line \(line): more than \(limit)"
        }
    }

    /// Text without line breaks and control characters, and not too long.
    private static func oneLine(_ text: String) -> String {
        var line = ""
        for scalar in text.unicodeScalars.prefix(300) {
            let isControl = scalar.value < 32 || (127..<160).contains(scalar.value)
            let isBreak = scalar.value == 0x2028 || scalar.value == 0x2029
            line += isControl || isBreak ? scalar.escaped(asASCII: true) : String(scalar)
        }
        return line
    }
}
