import Configuration
import Foundation
import SystemPackage

/// The values of flags that were not given: from the environment, then from a file.
///
/// `--max-num-seqs` is `SONDE_MAX_NUM_SEQS` in the environment and `max-num-seqs` in the file.
struct ServeSettings {
    private let reader: ConfigReader

    /// - Parameter path: A JSON file; nil: none.
    /// - Throws: `BadInput` when the file cannot be read.
    init(path: String?) async throws {
        var providers: [any ConfigProvider] = [
            EnvironmentVariablesProvider().prefixKeys(with: "sonde")
        ]
        if let path {
            do {
                providers.append(
                    try await FileProvider<JSONSnapshot>(filePath: FilePath(path))
                )
            } catch {
                throw BadInput("\(path): not a JSON file of settings: \(error)")
            }
        }
        reader = ConfigReader(providers: providers)
    }

    /// A whole number.
    func integer(_ name: String) throws -> Int? {
        try value(name, "a whole number") { try reader.requiredInt(forKey: ConfigKey([name])) }
    }

    /// A number.
    func number(_ name: String) throws -> Double? {
        try value(name, "a number") { try reader.requiredDouble(forKey: ConfigKey([name])) }
    }

    /// A text.
    func text(_ name: String) throws -> String? {
        try value(name, "a text") { try reader.requiredString(forKey: ConfigKey([name])) }
    }

    /// A list of texts; in the environment separated by commas.
    func list(_ name: String) throws -> [String]? {
        try value(name, "a list of texts") {
            try reader.requiredStringArray(forKey: ConfigKey([name]))
        }
    }

    /// Nil when no source has the value; an error when one has it in another form.
    private func value<T>(_ name: String, _ expected: String, _ read: () throws -> T) throws -> T? {
        do {
            return try read()
        } catch {
            // The library tells missing from malformed by its text alone.
            if "\(error)".hasPrefix("Missing required") { return nil }
            throw BadInput("setting '\(name)': expected \(expected)")
        }
    }
}
