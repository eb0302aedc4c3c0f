import JSONText

/// The members of one of the JSON files that describe a model; `null` counts as absent.
struct HuggingFaceKeys: ConfigValues {
    let path: String
    var prefix = ""
    /// An object.
    var object = JSONValue.object([])

    func key(_ name: String) -> String { prefix + name }

    /// Whether there is such a member, be it null.
    func contains(_ name: String) -> Bool { object[name] != nil }

    /// A value that is not null.
    func value(_ name: String) -> JSONValue? {
        object[name].flatMap { $0 == .null ? nil : $0 }
    }

    func integer(_ name: String) throws(ModelFileError) -> Int? {
        guard let value = value(name) else { return nil }
        guard let integer = value.integer else {
            throw bad(name, expected: "integer", found: value.kind)
        }
        return integer
    }

    func number(_ name: String) throws(ModelFileError) -> Double? {
        switch value(name) {
        case nil: return nil
        case .integer(let value): return Double(value)
        case .number(let value): return value
        case .some(let value): throw bad(name, expected: "number", found: value.kind)
        }
    }

    func string(_ name: String) throws(ModelFileError) -> String? {
        guard let value = value(name) else { return nil }
        guard let text = value.string else {
            throw bad(name, expected: "string", found: value.kind)
        }
        return text
    }

    func bool(_ name: String) throws(ModelFileError) -> Bool? {
        guard let value = value(name) else { return nil }
        guard case .bool(let bool) = value else {
            throw bad(name, expected: "bool", found: value.kind)
        }
        return bool
    }

    /// The members of a member.
    func child(_ name: String) throws(ModelFileError) -> HuggingFaceKeys? {
        guard let value = value(name) else { return nil }
        guard case .object = value else {
            throw bad(name, expected: "object", found: value.kind)
        }
        return HuggingFaceKeys(path: path, prefix: key(name) + ".", object: value)
    }

    /// Texts, or nil when there are none.
    func strings(_ name: String) throws(ModelFileError) -> [String]? {
        guard let value = value(name) else { return nil }
        let texts = value.array?.compactMap(\.string)
        guard let texts, texts.count == value.array?.count else {
            throw bad(name, expected: "array of strings", found: value.kind)
        }
        return texts
    }

    /// One integer or several; none when there is no such member.
    func integers(_ name: String) throws(ModelFileError) -> [Int] {
        guard let value = value(name) else { return [] }
        if let integer = value.integer { return [integer] }
        let integers = value.array?.compactMap(\.integer)
        guard let integers, integers.count == value.array?.count else {
            throw bad(name, expected: "integer or array of integers", found: value.kind)
        }
        return integers
    }
}
