extension JinjaValue {
    /// A mapping that keeps the order in which keys were added.
    public struct Dictionary: Sendable {
        private(set) var entries: [(key: JinjaValue, value: JinjaValue)] = []
        private var index: [Key: Int] = [:]

        var count: Int { entries.count }
        var keys: [JinjaValue] { entries.map(\.key) }
        var values: [JinjaValue] { entries.map(\.value) }

        /// The value of a key; `nil` when there is none, or the key cannot be one.
        subscript(key: JinjaValue) -> JinjaValue? {
            guard let key = Key(key), let position = index[key] else { return nil }
            return entries[position].value
        }

        subscript(name: String) -> JinjaValue? {
            self[.trusted(name)]
        }

        /// Adds or replaces a value; `false` when the key is a list, a mapping or the like.
        @discardableResult
        mutating func set(_ key: JinjaValue, to value: JinjaValue) -> Bool {
            guard let hashed = Key(key) else { return false }
            if let position = index[hashed] {
                entries[position].value = value
            } else {
                index[hashed] = entries.count
                entries.append((key, value))
            }
            return true
        }
    }

    /// What identifies an entry: `1`, `1.0` and `true` are the same key, as in Python.
    enum Key: Hashable, Sendable {
        case undefined, none
        case int(Int)
        case float(Double)
        case string(JinjaText)
        case tuple([Key])

        init?(_ value: JinjaValue) {
            switch value {
            case .undefined: self = .undefined
            case .none: self = .none
            case .bool(let value): self = .int(value ? 1 : 0)
            case .int(let value): self = .int(value)
            case .float(let value): self = Int(exactly: value).map(Key.int) ?? .float(value)
            case .string(let value): self = .string(value.text)
            case .tuple(let items):
                let keys = items.compactMap(Key.init)
                guard keys.count == items.count else { return nil }
                self = .tuple(keys)
            case .list, .dictionary, .reference: return nil
            }
        }
    }
}
