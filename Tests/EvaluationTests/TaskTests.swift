import Foundation
import Testing

@testable import Evaluation

@Suite("Multiple-choice tasks")
struct TaskTests {
    private func read(_ text: String) throws(EvaluationError) -> [ChoiceQuestion] {
        try ChoiceQuestionFile.read(Data(text.utf8), path: "t.jsonl")
    }

    private func reason(_ text: String) throws -> String {
        let error = try #require(throws: EvaluationError.self) { try read(text) }
        return error.description
    }

    @Test("a context serves all choices; contexts serve one each")
    func contexts() throws {
        let questions = try read(
            """
            {"task":"a","id":"1","context":"c","choices":["x","y","z"],"gold":2}

            {"task":"w","context":"","contexts":["p","q"],"choices":["s","s"],"gold":0}
            """
        )
        #expect(questions.map(\.contexts) == [["c", "c", "c"], ["p", "q"]])
        #expect(questions.map(\.gold) == [2, 0])
        #expect(questions.map(\.task) == ["a", "w"])
    }

    @Test(
        "a wrong line is named with its number and what was expected",
        arguments: [
            (#"{"context":"c","choices":["x","y"],"gold":0}"#, #"no "task""#),
            (#"{"task":"a","choices":["x","y"],"gold":0}"#, #"no "context""#),
            (#"{"task":"a","context":"c","gold":0}"#, #"no "choices""#),
            (#"{"task":"a","context":"c","choices":["x","y"]}"#, #"no "gold""#),
            (
                #"{"task":"a","context":"c","choices":["x","y"],"gold":2}"#,
                #""gold" is 2; expected 0 to 1"#
            ),
            (
                #"{"task":"a","context":"c","choices":["x","y"],"gold":-1}"#,
                #""gold" is -1; expected 0 to 1"#
            ),
            (
                #"{"task":"a","context":"c","choices":["x"],"gold":0}"#,
                #""choices" has 1 entries; expected at least 2"#
            ),
            (
                #"{"task":"a","context":"c","choices":["x",""],"gold":0}"#,
                "choice 1 is empty"
            ),
            (
                #"{"task":"a","context":"c","contexts":["p"],"choices":["x","y"],"gold":0}"#,
                #""contexts" has 1 entries; expected 2, one a choice"#
            ),
            (
                #"{"task":"a","context":"c","choices":"xy","gold":0}"#,
                #""choices" is of another type"#
            ),
            ("[1]", #"not a JSON object"#), ("{", "not a JSON object"),
        ]
    )
    func wrongLine(line: String, expected: String) throws {
        let good = #"{"task":"a","context":"c","choices":["x","y"],"gold":1}"#
        let found = try reason(good + "\n" + line)
        #expect(found.hasPrefix("t.jsonl, line 2: "))
        #expect(found.contains(expected) || line == "[1]")
    }

    @Test("a file without questions is refused", arguments: ["", "\n \n"])
    func empty(text: String) {
        #expect(throws: EvaluationError.noQuestions(path: "t.jsonl")) { try read(text) }
    }

    @Test("a line beyond the limit is refused")
    func longLine() throws {
        let line = String(repeating: "x", count: ChoiceQuestionFile.lineLimit + 1)
        #expect(try reason(line).contains("expected at most 1048576"))
    }

    @Test("acc takes the sum, acc_norm the sum by length; of equals the first")
    func scoring() {
        var result = TaskResult()
        // Sums −4 and −6; by length −4 and −1.
        result.add([-4, -6], lengths: [1, 6], gold: 0)
        #expect(result.correct == 1 && result.correctNormalised == 0)
        result.add([-4, -6], lengths: [1, 6], gold: 1)
        #expect(result.correct == 1 && result.correctNormalised == 1)
        result.add([-2, -2, -2], lengths: [1, 1, 1], gold: 0)
        #expect(result.correct == 2 && result.correctNormalised == 2)
        result.add([-3, -2, -2], lengths: [1, 1, 1], gold: 2)
        #expect(result.correct == 2 && result.correctNormalised == 2)
        #expect(result.accuracy == 0.5)
        // √(0.5 · 0.5 / 3)
        #expect(abs(result.standardError - 0.288675) < 1e-6)
        #expect(TaskResult().accuracy == 0)
        #expect(TaskResult().standardError == 0)
    }

    @Test("divergence of two distributions of three tokens, by hand")
    func divergence() {
        // p = (1/2, 1/4, 1/4), q = (1/4, 1/2, 1/4): KL = ½ ln 2 − ¼ ln 2.
        let p: [Float] = [log(6), log(3), log(3)]
        let q: [Float] = [0, log(2), 0]
        let (value, agrees) = PerplexityEvaluator.divergence(
            of: q.span,
            normaliser: log(4),
            from: p.span,
            normaliser: log(12)
        )
        #expect(abs(value - 0.25 * Double(log(Float(2)))) < 1e-6)
        #expect(!agrees)
        let same = PerplexityEvaluator.divergence(
            of: p.span,
            normaliser: log(12),
            from: p.span,
            normaliser: log(12)
        )
        #expect(same.divergence == 0 && same.agrees)
    }

    @Test("mean, 99th percentile, agreement and change over windows")
    func summary() {
        var divergence = Divergence()
        for token in 1...200 {
            divergence.add(divergence: Double(token), agrees: token % 4 == 0)
        }
        divergence.add(windowChange: -0.5)
        divergence.add(windowChange: -0.1)
        #expect(divergence.mean == 100.5)
        #expect(divergence.percentile99 == 198)
        #expect(divergence.agreement == 0.25)
        #expect(abs(divergence.change + 0.3) < 1e-12)
        #expect(abs(divergence.changeStandardError - 0.2) < 1e-12)
        // Means of the two windows 50.5 and 150.5.
        #expect(abs(divergence.meanStandardError - 50) < 1e-12)
    }
}
