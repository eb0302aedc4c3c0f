@testable import Tokenizers

/// A value of a template, as `generate-chat-golden.py` writes it in JSON.
struct ContextValue: Decodable {
    let value: JinjaValue

    private struct Float: Decodable {
        var float: String
    }

    private struct Mapping: Decodable {
        var entries: [[ContextValue]]
    }

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            value = .none
        } else if let decoded = try? container.decode(Bool.self) {
            value = .bool(decoded)
        } else if let decoded = try? container.decode(Int.self) {
            value = .int(decoded)
        } else if let decoded = try? container.decode(String.self) {
            value = .untrusted(decoded)
        } else if let decoded = try? container.decode([ContextValue].self) {
            value = .list(decoded.map(\.value))
        } else if let decoded = try? container.decode(Float.self) {
            value = .float(Double(decoded.float) ?? .nan)
        } else {
            var dictionary = JinjaValue.Dictionary()
            for entry in try container.decode(Mapping.self).entries {
                dictionary.set(entry[0].value, to: entry[1].value)
            }
            value = .dictionary(dictionary)
        }
    }

    /// The variables, when this is a mapping of names.
    var variables: [String: JinjaValue] {
        guard case .dictionary(let dictionary) = value else { return [:] }
        var variables: [String: JinjaValue] = [:]
        for (key, value) in dictionary.entries {
            if case .string(let name) = key { variables[name.text.string] = value }
        }
        return variables
    }
}
