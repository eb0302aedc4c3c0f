/// A value of a JSON text.
public enum JSONValue: Sendable, Equatable {
    /// `null`.
    case null
    /// `true` or `false`.
    case bool(Bool)
    /// A number without fraction and exponent that fits 63 bits.
    case integer(Int)
    /// Any other number; finite.
    case number(Double)
    /// Text.
    case string(String)
    /// Values in order.
    case array([JSONValue])
    /// Members in the order of the text.
    ///
    /// Not a dictionary of `String`, which takes canonically equivalent keys for equal, and so would
    /// lose tokens of a vocabulary.
    case object([Member])

    /// A name in an object, and what it stands for.
    public struct Member: Sendable, Equatable {
        /// The name.
        public var key: String
        /// The value.
        public var value: JSONValue

        /// A member.
        public init(key: String, value: JSONValue) {
            self.key = key
            self.value = value
        }
    }

    /// The kind as errors name it.
    public var kind: String {
        switch self {
        case .null: "null"
        case .bool: "bool"
        case .integer: "integer"
        case .number: "number"
        case .string: "string"
        case .array: "array"
        case .object: "object"
        }
    }

    /// The members of an object; nil for everything else.
    public var object: [Member]? {
        if case .object(let members) = self { members } else { nil }
    }

    /// The elements of an array; nil for everything else.
    public var array: [JSONValue]? {
        if case .array(let elements) = self { elements } else { nil }
    }

    /// The text of a string; nil for everything else.
    public var string: String? {
        if case .string(let text) = self { text } else { nil }
    }

    /// The value of an integer; nil for everything else.
    public var integer: Int? {
        if case .integer(let value) = self { value } else { nil }
    }

    /// The member of that name, byte for byte; of several the last, and nil when there is none.
    ///
    /// - Complexity: O(*n*) in the number of members.
    public subscript(key: String) -> JSONValue? {
        object?.last { $0.key.utf8.elementsEqual(key.utf8) }?.value
    }
}
