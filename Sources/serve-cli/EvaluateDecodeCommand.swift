import ArgumentParser
import Evaluation
import Foundation
import Kernels
import ModelFiles
import ProbeScheduler
import Runtime
import Tokenizers

/// `sonde evaluate decode`.
struct EvaluateDecodeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "decode",
        abstract: "Perplexity of a text while it is decoded, and how far decode masks drift.",
        discussion: """
            The text is cut into windows. The first tokens of each are prefilled, the others decoded one by \
            one, each step fed the text's own token. A stretch is some steps in a row; its overlap is \
            |A ∩ B| ÷ |A ∪ B|, of the mask in force at its end and the one that its own tokens would \
            have been given.
            """
    )

    @OptionGroup var options: ModelOptions
    @OptionGroup var pruning: PruningOptions

    @Option(help: "A UTF-8 text.")
    var text: String

    @Option(help: "Tokens of a window that are prefilled.")
    var promptTokens = 256

    @Option(help: "Tokens of a window that are decoded.")
    var decodeTokens = 256

    @Option(help: "Windows decoded at once.")
    var batch = 8

    @Option(help: "Most batches to run.")
    var maxBatches: Int?

    @Option(help: "Decode steps that are reported together.")
    var stretch = 64

    @Option(help: "Decode steps from one dense refresh of the masks to the next. (default: none)")
    var refreshEvery: Int?

    mutating func validate() throws {
        let counts = [promptTokens, decodeTokens, batch, stretch]
        guard (counts + [maxBatches ?? 1, refreshEvery ?? 1]).allSatisfy({ $0 >= 1 }) else {
            throw ValidationError(
                "--prompt-tokens, --decode-tokens, --batch, --max-batches, --stretch and "
                    + "--refresh-every are at least 1"
            )
        }
        guard pruning.maskScope == .batch else {
            throw ValidationError(
                "--mask-scope sequence: expected batch; --batch 1 makes a mask for each sequence"
            )
        }
    }

    func run() async throws {
        let content = try TextFile.read(text)
        let model = try await options.load()
        let evaluator = DecodeEvaluator(
            model: model.network,
            promptLength: promptTokens,
            decodeLength: decodeTokens,
            batchSize: batch,
            stretchLength: stretch
        )
        guard evaluator.windowLength <= model.config.contextLength else {
            throw BadInput(
                "--prompt-tokens \(promptTokens) and --decode-tokens \(decodeTokens): "
                    + "the model's context is \(model.config.contextLength) tokens, one is predicted"
            )
        }
        let windows = try PerplexityEvaluator(
            model: model.network,
            contextLength: evaluator.windowLength,
            batchSize: batch,
            maskScope: .batch
        ).windows(of: model.tokenizer.encode(content), maxBatches: maxBatches)
        let bar = ProgressBar("decoding", unit: .items("windows"))
        let result = try evaluator.run(
            windows,
            pruning: try pruning.enginePruning(model, refreshInterval: refreshEvery)
        ) { bar.update($0, of: windows.count) }
        bar.finish()
        let report = DecodeReport(result, self, model)
        if options.json {
            try JSONOutput.print(report)
        } else {
            print(report.text)
        }
    }
}

/// The JSON of `evaluate decode`, in snake_case.
private struct DecodeReport: Encodable {
    struct Stretch: Encodable {
        var firstStep: Int
        var steps: Int
        var perplexity: Double
        var maskOverlap: Double?
    }

    var method: String
    var pruneRatio: Double
    var promptTokens: Int
    var decodeTokens: Int
    var batch: Int
    var refreshEvery: Int?
    var windows: Int
    var tokens: Int
    var perplexity: Double
    var perplexityStandardError: Double
    var negativeLogLikelihood: Double
    var windowMeans: [Double]
    var stretches: [Stretch]
    var decodeTokensPerSecond: Double
    var realisedFlopsRatio: Double
    var prefillRealisedFlopsRatio: Double
    var weights: String
    var threads: Int
    var isa: String
    var modelSha256: String

    init(_ result: DecodeResult, _ command: EvaluateDecodeCommand, _ model: LoadedModel) {
        method = command.pruning.chosen.rawValue
        pruneRatio = command.pruning.pruneRatio
        promptTokens = command.promptTokens
        decodeTokens = command.decodeTokens
        batch = command.batch
        refreshEvery = command.refreshEvery
        windows = result.windowMeans.count
        tokens = result.tokenCount
        perplexity = result.perplexity
        perplexityStandardError = result.perplexityStandardError
        negativeLogLikelihood = result.negativeLogLikelihood
        windowMeans = result.windowMeans
        stretches = result.stretches.map {
            Stretch(
                firstStep: $0.firstStep,
                steps: $0.stepCount,
                perplexity: $0.perplexity,
                maskOverlap: $0.maskOverlap
            )
        }
        decodeTokensPerSecond = result.decodeTokensPerSecond
        realisedFlopsRatio = result.decodeReport.multiplyAdds.realisedRatio
        prefillRealisedFlopsRatio = result.prefillReport.multiplyAdds.realisedRatio
        weights = model.weights.rawValue
        threads = model.network.compute.threadCount
        isa = model.network.compute.instructionSet.rawValue
        modelSha256 = model.sha256
    }

    var text: String {
        let head = String(
            format: """
                perplexity         %.3f ± %.3f (%d decoded tokens in %d windows)
                multiply-adds      %.1f %% of dense while decoding
                decode             %.1f tokens a second

                steps          perplexity   mask overlap
                """,
            perplexity,
            perplexityStandardError,
            tokens,
            windows,
            100 * realisedFlopsRatio,
            decodeTokensPerSecond
        )
        let rows = stretches.map { stretch in
            let steps = "\(stretch.firstStep + 1)–\(stretch.firstStep + stretch.steps)"
            let overlap = stretch.maskOverlap.map { String(format: "%.3f", $0) } ?? "–"
            return steps.padding(toLength: 15, withPad: " ", startingAt: 0)
                + String(format: "%10.3f   ", stretch.perplexity) + overlap
        }
        return ([head] + rows).joined(separator: "\n")
    }
}
