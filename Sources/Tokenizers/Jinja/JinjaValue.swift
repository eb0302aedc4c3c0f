/// A value of a template.
public indirect enum JinjaValue: Sendable {
    /// What a name or a field that does not exist gives; prints as nothing.
    case undefined(String)
    /// Python's `None`.
    case none
    /// A truth value.
    case bool(Bool)
    /// A whole number.
    case int(Int)
    /// A floating-point number.
    case float(Double)
    /// A text, whose characters are marked as trusted or not.
    case string(Text)
    /// A list.
    case list([JinjaValue])
    /// A tuple.
    case tuple([JinjaValue])
    /// A mapping that keeps its order.
    case dictionary(Dictionary)
    /// `namespace()`, `loop` or a macro, which belong to one rendering.
    case reference(Reference)

    /// A text with its marks.
    public struct Text: Sendable {
        var text: JinjaText
        /// Whether `safe` or `escape` made it: what is added to it is escaped.
        var isSafe = false
    }

    /// What belongs to one rendering.
    public struct Reference: Sendable {
        var kind: Kind

        enum Kind: Sendable {
            case namespace(Int)
            case loop(Int)
            case macro(Int)
            case function(String)
            case method(String, of: JinjaValue)
        }
    }

    /// A text that the template's author or the model's publisher wrote.
    ///
    /// The names of control tokens in it become those tokens.
    public static func trusted(_ text: String) -> JinjaValue {
        .string(Text(text: JinjaText(text)))
    }

    /// A text that somebody else wrote, such as a user: no part of it becomes a control token.
    public static func untrusted(_ text: String) -> JinjaValue {
        .string(Text(text: JinjaText(text, isTrusted: false)))
    }

    /// A mapping, of fields in order; a repeated name keeps its first place and last value.
    public static func object(_ fields: [(String, JinjaValue)]) -> JinjaValue {
        var dictionary = Dictionary()
        for (name, value) in fields { dictionary.set(.trusted(name), to: value) }
        return .dictionary(dictionary)
    }

    static func text(_ text: JinjaText, isSafe: Bool = false) -> JinjaValue {
        .string(Text(text: text, isSafe: isSafe))
    }

    /// Whether this is a text that `safe` or `escape` made.
    var isSafeText: Bool {
        if case .string(let value) = self { value.isSafe } else { false }
    }

    /// Whether a condition holds.
    var isTrue: Bool {
        switch self {
        case .undefined, .none: false
        case .bool(let value): value
        case .int(let value): value != 0
        case .float(let value): value != 0
        case .string(let value): !value.text.isEmpty
        case .list(let items), .tuple(let items): !items.isEmpty
        case .dictionary(let value): value.count > 0
        case .reference: true
        }
    }

    var isUndefined: Bool {
        if case .undefined = self { true } else { false }
    }

    /// Levels of lists and mappings in this value; at most `limit + 1` are counted.
    func nesting(limit: Int = JinjaLimits.maximumNesting) -> Int {
        guard limit >= 0 else { return 1 }
        switch self {
        case .list(let items), .tuple(let items):
            return 1 + (items.map { $0.nesting(limit: limit - 1) }.max() ?? 0)
        case .dictionary(let value):
            let inner = value.entries.map {
                max($0.key.nesting(limit: limit - 1), $0.value.nesting(limit: limit - 1))
            }
            return 1 + (inner.max() ?? 0)
        case .reference(let reference):
            guard case .method(_, let receiver) = reference.kind else { return 0 }
            return 1 + receiver.nesting(limit: limit - 1)
        default: return 0
        }
    }

    /// Python's name of the type.
    var typeName: String {
        switch self {
        case .undefined: "undefined"
        case .none: "none"
        case .bool: "a boolean"
        case .int: "an integer"
        case .float: "a float"
        case .string: "a string"
        case .list: "a list"
        case .tuple: "a tuple"
        case .dictionary: "a mapping"
        case .reference(let reference):
            switch reference.kind {
            case .namespace: "a namespace"
            case .loop: "a loop"
            case .macro, .function, .method: "a function"
            }
        }
    }
}

extension JinjaValue: Equatable {
    /// Python's `==`.
    public static func == (left: JinjaValue, right: JinjaValue) -> Bool {
        if let left = left.number, let right = right.number { return left == right }
        return switch (left, right) {
        case (.undefined, .undefined), (.none, .none): true
        case (.string(let left), .string(let right)): left.text == right.text
        case (.list(let left), .list(let right)), (.tuple(let left), .tuple(let right)):
            left == right
        case (.dictionary(let left), .dictionary(let right)):
            left.count == right.count
                && left.entries.allSatisfy { right[$0.key] == Optional($0.value) }
        case (.reference(let left), .reference(let right)):
            switch (left.kind, right.kind) {
            case (.namespace(let left), .namespace(let right)): left == right
            case (.macro(let left), .macro(let right)): left == right
            case (.function(let left), .function(let right)): left == right
            default: false
            }
        default: false
        }
    }

    /// A number, as Python compares it: `True` is 1, and 1 is 1.0.
    var number: JinjaNumber? {
        switch self {
        case .bool(let value): .int(value ? 1 : 0)
        case .int(let value): .int(value)
        case .float(let value): .float(value)
        default: nil
        }
    }
}
