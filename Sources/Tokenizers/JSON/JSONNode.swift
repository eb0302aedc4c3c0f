import JSONText

/// A value together with where it stands, for errors.
struct JSONNode {
    /// The value; `nil` when it is missing.
    var value: JSONValue?

    /// Where it stands, as in `model.vocab`.
    var path: String

    /// The depth that Rust's serde allows.
    private static let depthLimit = 128

    /// The value of a text.
    ///
    /// - Throws: `TokenizerError.malformedJSON`.
    init(text: [UInt8]) throws(TokenizerError) {
        do {
            value = try JSONReader.value(
                of: text,
                depthLimit: Self.depthLimit,
                allowsRepeatedNames: true
            )
        } catch {
            throw .malformedJSON(offset: error.offset, expected: error.expected)
        }
        path = ""
    }

    /// A part of a text.
    init(value: JSONValue?, path: String) {
        self.value = value
        self.path = path
    }

    /// The member of an object; of members with equal names the last one counts.
    subscript(key: String) -> JSONNode {
        JSONNode(value: value?[key], path: path.isEmpty ? key : "\(path).\(key)")
    }

    /// Whether the value is missing or null.
    var isNull: Bool {
        switch value {
        case nil, .null: true
        default: false
        }
    }

    /// The text, or `nil` when the value is of another kind.
    var string: String? { value?.string }

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
