/// Walks over the segments of a template.
struct TemplateReader {
    /// A term of what a template writes.
    enum Part: Equatable, CustomStringConvertible {
        case literal(String)
        /// A field of the loop's message.
        case field(String)

        var isLiteral: Bool {
            if case .literal = self { true } else { false }
        }

        /// The fixed text of a literal; a field has none.
        var text: String {
            if case .literal(let text) = self { text } else { "" }
        }

        var description: String {
            switch self {
            case .literal(let text): text.debugDescription
            case .field(let name): "message['\(name)']"
            }
        }
    }

    private var rest: ArraySlice<TemplateSegment>

    init(_ segments: [TemplateSegment]) {
        rest = segments[...]
    }

    /// Moves past a statement if it comes next.
    mutating func skip(_ statement: String) -> Bool {
        guard case .statement(let next) = rest.first, Self.canonical(next) == statement else {
            return false
        }
        rest.removeFirst()
        return true
    }

    /// Moves past a statement, which must come next.
    mutating func expect(_ statement: String) throws(TokenizerError) {
        guard skip(statement) else { throw unexpected }
    }

    /// The template must have ended, but for white space.
    func expectEnd() throws(TokenizerError) {
        if case .text(let text) = rest.first, rest.count == 1, text.allSatisfy(\.isWhitespace) {
            return
        }
        guard rest.isEmpty else { throw unexpected }
    }

    /// What the template writes up to the next statement.
    mutating func output() throws(TokenizerError) -> [Part] {
        var parts: [Part] = []
        while let next = rest.first {
            switch next {
            case .statement:
                return parts
            case .text(let text):
                parts.append(.literal(text))
            case .expression(let expression):
                guard let terms = Self.terms(of: expression) else { throw unexpected }
                parts += terms
            }
            rest.removeFirst()
        }
        return parts
    }

    /// What the template writes up to the next statement, which must be fixed text.
    mutating func literal() throws(TokenizerError) -> String {
        let start = self
        let parts = try output()
        guard !parts.isEmpty, parts.allSatisfy(\.isLiteral) else { throw start.unexpected }
        return parts.map(\.text).joined()
    }

    private var unexpected: TokenizerError {
        switch rest.first {
        case .text(let text): .unsupportedChatTemplate(found: text)
        case .statement(let text): .unsupportedChatTemplate(found: "{%\(text)%}")
        case .expression(let text): .unsupportedChatTemplate(found: "{{\(text)}}")
        case nil: .unsupportedChatTemplate(found: "the end of the template")
        }
    }

    /// A statement with single spaces, single quotes, and fields in brackets.
    private static func canonical(_ statement: String) -> String {
        statement.split(whereSeparator: \.isWhitespace).joined(separator: " ")
            .replacing("\"", with: "'")
            .replacing("].role", with: "]['role']")
    }

    /// The terms of `'text' + message['role'] + …`; `nil` for any other expression.
    private static func terms(of expression: String) -> [Part]? {
        var rest = expression[...].drop(while: \.isWhitespace)
        var parts: [Part] = []
        while true {
            guard let (part, after) = term(rest) else { return nil }
            parts.append(part)
            rest = after.drop(while: \.isWhitespace)
            guard let next = rest.popFirst() else { return parts }
            guard next == "+" || next == "~" else { return nil }
            rest = rest.drop(while: \.isWhitespace)
        }
    }

    private static func term(_ text: Substring) -> (Part, rest: Substring)? {
        for name in ["role", "content"] {
            for spelling in ["message['\(name)']", "message[\"\(name)\"]", "message.\(name)"]
            where text.hasPrefix(spelling) {
                return (.field(name), text.dropFirst(spelling.count))
            }
        }
        return string(text)
    }

    /// A quoted string, with Python's common escapes.
    private static func string(_ text: Substring) -> (Part, rest: Substring)? {
        guard let quote = text.first, quote == "'" || quote == "\"" else { return nil }
        var rest = text.dropFirst()
        var value = ""
        while let character = rest.popFirst() {
            if character == quote { return (.literal(value), rest) }
            guard character == "\\" else {
                value.append(character)
                continue
            }
            switch rest.popFirst() {
            case "n": value.append("\n")
            case "t": value.append("\t")
            case let escaped? where escaped == "\\" || escaped == "'" || escaped == "\"":
                value.append(escaped)
            default: return nil
            }
        }
        return nil
    }
}
