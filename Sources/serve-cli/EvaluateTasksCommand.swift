import ArgumentParser
import Evaluation
import Foundation
import ModelFiles
import ProbeScheduler
import Runtime

/// `sonde evaluate tasks`.
struct EvaluateTasksCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tasks",
        abstract: "Multiple-choice tasks, scored by the likelihood of each choice.",
        discussion: """
            Files are JSONL: task, id, context, choices, gold (and contexts, one a choice, where the choices \
            differ in what precedes them). Scoring is lm-evaluation-harness's: acc takes the likeliest \
            choice, acc_norm the likeliest by length in characters. Under the mask scope batch, \
            --batch choices in order share a mask.
            """
    )

    @OptionGroup var options: ModelOptions
    @OptionGroup var pruning: PruningOptions

    @Option(help: "A file of questions; may be given more than once.")
    var tasks: [String]

    @Option(help: "Choices a batch.")
    var batch = 20

    @Option(help: "Most tokens of a context and a choice. (default: the model's context)")
    var context: Int?

    mutating func validate() throws {
        guard batch >= 1, context ?? 2 >= 2 else {
            throw ValidationError("--batch is at least 1, --context at least 2")
        }
    }

    func run() async throws {
        let questions = try tasks.flatMap { path in
            let data: Data
            do { data = try Data(contentsOf: URL(filePath: path)) } catch {
                throw BadInput("\(path): cannot read the tasks: \(error.localizedDescription)")
            }
            return try ChoiceQuestionFile.read(data, path: path)
        }
        let model = try await options.load()
        let limit = context ?? model.config.contextLength
        guard limit <= model.config.contextLength else {
            throw BadInput(
                "--context \(limit): the model's context is \(model.config.contextLength) tokens"
            )
        }
        var pruner = try pruning.pruner(model)
        let evaluator = TaskEvaluator(
            model: model,
            batchSize: pruning.maskScope == .sequence ? 1 : batch,
            contextLength: limit
        )
        let bar = ProgressBar("evaluating", unit: .items("choices"))
        let total = evaluator.choiceCount(questions)
        let (results, report) = try evaluator.run(questions, pruner: &pruner) {
            bar.update($0, of: total)
        }
        bar.finish()
        try show(results, report)
    }

    private func show(_ results: [String: TaskResult], _ report: ForwardReport) throws {
        let mean = results.values.reduce(0) { $0 + $1.accuracy } / Double(max(1, results.count))
        let best =
            results.values.reduce(0) { $0 + $1.normalisedAccuracy } / Double(max(1, results.count))
        if options.json {
            try JSONOutput.print(
                Report(
                    method: pruning.chosen.rawValue,
                    pruneRatio: pruning.pruneRatio,
                    tasks: results.mapValues(TaskReport.init),
                    meanAcc: mean,
                    meanAccNorm: best,
                    realisedFlopsRatio: report.multiplyAdds.realisedRatio,
                    prefillSeconds: report.forwardDuration.seconds
                )
            )
            return
        }
        for (name, result) in results.sorted(by: { $0.key < $1.key }) {
            let title = name + String(repeating: " ", count: max(0, 16 - name.count))
            print(
                title
                    + String(
                        format: "  acc %.3f ± %.3f  acc_norm %.3f ± %.3f  (%d)",
                        result.accuracy,
                        result.standardError,
                        result.normalisedAccuracy,
                        result.normalisedStandardError,
                        result.count
                    )
            )
        }
        print(
            String(
                format: "mean              acc %.3f          acc_norm %.3f",
                mean,
                best
            )
        )
    }

    private struct Report: Encodable {
        var method: String
        var pruneRatio: Double
        var tasks: [String: TaskReport]
        var meanAcc: Double
        var meanAccNorm: Double
        var realisedFlopsRatio: Double
        var prefillSeconds: Double
    }

    private struct TaskReport: Encodable {
        var acc: Double
        var accStderr: Double
        var accNorm: Double
        var accNormStderr: Double
        var n: Int

        init(_ result: TaskResult) {
            acc = result.accuracy
            accStderr = result.standardError
            accNorm = result.normalisedAccuracy
            accNormStderr = result.normalisedStandardError
            n = result.count
        }
    }
}
