import Foundation

/// One JSON object on standard output.
enum JSONOutput {
    /// Prints a value; keys become snake_case and are sorted.
    static func print(_ value: some Encodable) throws {
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        try Console.output(try encoder.encode(value) + Data("\n".utf8))
    }
}
