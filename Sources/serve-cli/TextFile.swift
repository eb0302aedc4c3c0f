import Foundation

/// Text files as users bring them.
enum TextFile {
    /// The text of a file.
    static func read(_ path: String) throws -> String {
        let data: Data
        do { data = try Data(contentsOf: URL(filePath: path)) } catch {
            throw BadInput("\(path): cannot read the text: \(error.localizedDescription)")
        }
        guard let text = String(data: data, encoding: .utf8) else {
            throw BadInput("\(path): not valid UTF-8")
        }
        return text
    }
}
