import Foundation

/// Files of prompts.
enum PromptFile {
    private struct Line: Decodable {
        var prompt: String
    }

    /// The prompts of a file: one a line, blank lines left out, or JSONL with a field `prompt`.
    static func read(_ path: String) throws -> [String] {
        let lines = try TextFile.read(path).split(whereSeparator: \.isNewline)
            .enumerated().filter { !$0.element.allSatisfy(\.isWhitespace) }
        guard !lines.isEmpty else { throw BadInput("\(path): holds no prompt") }
        guard path.hasSuffix(".jsonl") else { return lines.map { String($0.element) } }
        return try lines.map { number, line in
            do { return try JSONDecoder().decode(Line.self, from: Data(line.utf8)).prompt } catch {
                throw BadInput(
                    "\(path):\(number + 1): expected an object with a text field \"prompt\""
                )
            }
        }
    }
}
