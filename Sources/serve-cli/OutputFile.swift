import Foundation

/// Files that a command is asked to write: whole or not at all.
enum OutputFile {
    /// Writes to a temporary file, then renames it.
    static func write(_ data: Data, to path: String) throws {
        do { try data.write(to: URL(filePath: path), options: .atomic) } catch {
            throw RunFailure("\(path): cannot write: \(error.localizedDescription)")
        }
    }

    /// Writes a text.
    static func write(_ text: String, to path: String) throws {
        try write(Data(text.utf8), to: path)
    }
}
