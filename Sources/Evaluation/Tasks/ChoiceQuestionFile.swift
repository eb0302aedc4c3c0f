public import Foundation

/// Reads questions from JSONL: `task`, `context` (or `contexts`, one a choice), `choices`, `gold`.
public enum ChoiceQuestionFile {
    /// Longest line, in bytes.
    public static let lineLimit = 1 << 20

    private struct Line: Decodable {
        var task: String
        var context: String?
        var contexts: [String]?
        var choices: [String]
        var gold: Int
    }

    /// The questions of a file, in its order.
    ///
    /// - Parameters:
    ///   - data: The file's bytes.
    ///   - path: Named in errors.
    /// - Returns: At least one question.
    /// - Throws: `EvaluationError.question` for the first line that is wrong, `.noQuestions`.
    public static func read(_ data: Data, path: String) throws(EvaluationError) -> [ChoiceQuestion]
    {
        var questions: [ChoiceQuestion] = []
        var number = 0
        for line in data.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
            number += 1
            guard !line.allSatisfy({ [0x20, 0x09, 0x0D].contains($0) }) else { continue }
            do throws(Problem) { questions.append(try question(line)) } catch {
                throw .question(path: path, line: number, reason: error.reason)
            }
        }
        guard !questions.isEmpty else { throw .noQuestions(path: path) }
        return questions
    }

    private struct Problem: Error {
        let reason: String
    }

    private static func question(_ data: Data) throws(Problem) -> ChoiceQuestion {
        guard data.count <= lineLimit else {
            throw Problem(reason: "\(data.count) bytes; expected at most \(lineLimit)")
        }
        let line: Line
        do { line = try JSONDecoder().decode(Line.self, from: data) } catch {
            throw Problem(reason: describe(error))
        }
        let count = line.choices.count
        guard count >= 2 else {
            throw Problem(reason: "\"choices\" has \(count) entries; expected at least 2")
        }
        guard line.choices.indices.contains(line.gold) else {
            throw Problem(reason: "\"gold\" is \(line.gold); expected 0 to \(count - 1)")
        }
        if let index = line.choices.firstIndex(of: "") {
            throw Problem(reason: "choice \(index) is empty")
        }
        let contexts: [String]
        if let own = line.contexts {
            guard own.count == count else {
                throw Problem(
                    reason: "\"contexts\" has \(own.count) entries; expected \(count), one a choice"
                )
            }
            contexts = own
        } else if let context = line.context {
            contexts = line.choices.map { _ in context }
        } else {
            throw Problem(reason: "no \"context\"")
        }
        return ChoiceQuestion(
            task: line.task,
            contexts: contexts,
            choices: line.choices,
            gold: line.gold
        )
    }

    private static func describe(_ error: any Error) -> String {
        switch error {
        case DecodingError.keyNotFound(let key, _): "no \"\(key.stringValue)\""
        case DecodingError.typeMismatch(_, let context),
            DecodingError.valueNotFound(_, let context):
            "\"\(context.codingPath.map(\.stringValue).joined(separator: "."))\" is of another type"
        default: "not a JSON object"
        }
    }
}
