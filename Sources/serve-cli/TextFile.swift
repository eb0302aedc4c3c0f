import Foundation

/// Text files as users bring them.
enum TextFile {
    /// The text of a file; of JSONL the `text` of every line, joined by empty lines.
    static func read(_ path: String) throws -> String {
        let text = try readWhole(path)
        guard path.hasSuffix(".jsonl") else { return text }
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        return try lines.enumerated().compactMap { index, line -> String? in
            guard !line.allSatisfy(\.isWhitespace) else { return nil }
            guard let document = try? JSONDecoder().decode(Document.self, from: Data(line.utf8))
            else {
                throw BadInput("\(path), line \(index + 1): expected a JSON object with \"text\"")
            }
            return document.text
        }.joined(separator: "\n\n")
    }

    private struct Document: Decodable {
        var text: String
    }

    private static func readWhole(_ path: String) throws -> String {
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
