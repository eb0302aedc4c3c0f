/// A value of a JSON text.
///
/// Foundation's readers would not do: they keep the members of an object in a dictionary of
/// `String`, which takes canonically equivalent keys for equal, and so loses tokens of a vocabulary.
enum JSONValue: Sendable {
    case null
    case bool(Bool)
    case integer(Int)
    case number(Double)
    case string(String)
    case array([JSONValue])
    case object([Member])

    /// A key of an object, and what it stands for.
    struct Member: Sendable {
        var key: String
        var value: JSONValue
    }
}

/// A value together with where it stands, for errors.
struct JSONNode {
    /// The value; `nil` when it is missing.
    var value: JSONValue?

    /// Where it stands, as in `model.vocab`.
    var path: String

    /// The member of an object; of members with equal names the last one counts.
    subscript(key: String) -> JSONNode {
        let path = path.isEmpty ? key : "\(path).\(key)"
        guard case .object(let members) = value else { return JSONNode(value: nil, path: path) }
        let member = members.last { $0.key.utf8.elementsEqual(key.utf8) }
        return JSONNode(value: member?.value, path: path)
    }

    /// Whether the value is missing or null.
    var isNull: Bool {
        switch value {
        case nil, .null: true
        default: false
        }
    }

    /// The text, or `nil` when the value is of another kind.
    var string: String? { if case .string(let string) = value { string } else { nil } }

    /// - Throws: `TokenizerError` when the value is not text.
    func requireString() throws(TokenizerError) -> String {
        guard let string else { throw invalid("a string") }
        return string
    }

    /// - Throws: `TokenizerError` when the value is neither true, false nor missing.
    func bool() throws(TokenizerError) -> Bool? {
        if isNull { return nil }
        guard case .bool(let bool) = value else { throw invalid("true or false") }
        return bool
    }

    /// - Throws: `TokenizerError` when the value is not an integer in `range`.
    func requireInteger(in range: ClosedRange<Int>) throws(TokenizerError) -> Int {
        guard case .integer(let integer) = value, range.contains(integer) else {
            throw invalid("an integer in \(range)")
        }
        return integer
    }

    /// - Throws: `TokenizerError` when the value is not an array.
    func requireArray() throws(TokenizerError) -> [JSONNode] {
        guard case .array(let values) = value else { throw invalid("an array") }
        return values.enumerated().map { JSONNode(value: $1, path: "\(path)[\($0)]") }
    }

    /// The parts of an array that may be missing.
    func array() throws(TokenizerError) -> [JSONNode] { isNull ? [] : try requireArray() }

    /// The error of a value that is not `expected`.
    func invalid(_ expected: String) -> TokenizerError {
        .invalidValue(path: path, expected: expected)
    }
}
