import ArgumentParser
import Evaluation
import Foundation
import Kernels
import ModelFiles
import ProbeScheduler
import Runtime
import Tokenizers

/// `sonde evaluate perplexity`.
struct EvaluatePerplexityCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "perplexity",
        abstract: "Perplexity of a text under one method and ratio.",
        discussion: """
            The text's tokens are cut, in order, into windows without overlap; the first token of a \
            window is not predicted, and the rest after the last whole window is not used.
            """
    )

    @OptionGroup var options: ModelOptions
    @OptionGroup var pruning: PruningOptions

    @Option(help: "A UTF-8 text.")
    var text: String

    @Option(help: "Tokens a window.")
    var context = 1024

    @Option(help: "Windows a batch.")
    var batch = 20

    @Option(help: "Most batches to run.")
    var maxBatches: Int?

    @Flag(help: "Run every batch dense as well, and say how far the predictions lie apart.")
    var divergence = false

    @Option(help: "Write the text's tokens here, one a line.")
    var tokensOut: String?

    @Option(help: "Write the first window's logits here: float32, [tokens, vocabulary].")
    var logitsOut: String?

    @Option(help: "Write every batch's probes, scores and masks here, as JSONL.")
    var masksOut: String?

    mutating func validate() throws {
        guard context >= 2, batch >= 1, maxBatches ?? 1 >= 1 else {
            throw ValidationError("--context is at least 2, --batch and --max-batches at least 1")
        }
    }

    func run() async throws {
        let content = try TextFile.read(text)
        let model = try await options.load()
        guard context <= model.config.contextLength else {
            throw BadInput(
                "--context \(context): the model's context is \(model.config.contextLength) tokens"
            )
        }
        let tokens = model.tokenizer.encode(content)
        let evaluator = PerplexityEvaluator(
            model: model.network,
            contextLength: context,
            batchSize: batch,
            maskScope: pruning.maskScope
        )
        let windows = try evaluator.windows(of: tokens, maxBatches: maxBatches)
        if let tokensOut {
            try OutputFile.write(
                tokens.map(String.init).joined(separator: "\n") + "\n",
                to: tokensOut
            )
        }
        let trace = masksOut.map { _ in MaskTrace() }
        var pruner = try pruning.pruner(model, onDecision: trace?.record)
        if let logitsOut { try writeLogits(evaluator, windows[0], model, to: logitsOut) }
        let bar = ProgressBar("evaluating", unit: .items("windows"))
        func progress(_ done: Int) {
            trace?.endBatch()
            bar.update(done, of: windows.count)
        }
        var compared: Divergence?
        let result: PerplexityResult
        if divergence {
            let both = try evaluator.compare(windows, pruner: &pruner, progress: progress)
            (result, compared) = (both.result, both.divergence)
        } else {
            result = try evaluator.run(windows, pruner: &pruner, progress: progress)
        }
        bar.finish()
        if let masksOut, let trace { try OutputFile.write(trace.text, to: masksOut) }
        try show(result, compared, model)
    }

    private func writeLogits(
        _ evaluator: PerplexityEvaluator,
        _ window: [Int32],
        _ model: LoadedModel,
        to path: String
    ) throws {
        var pruner = try pruning.pruner(model)
        let logits = try evaluator.logits(of: window, pruner: &pruner)
        var data = Data(capacity: logits.rowCount * logits.width * 4)
        let span = logits.span
        for index in span.indices {
            let bits = span[index].bitPattern
            for shift in stride(from: UInt32(0), to: 32, by: 8) {
                data.append(UInt8(truncatingIfNeeded: bits >> shift))
            }
        }
        try OutputFile.write(data, to: path)
    }

    private func show(
        _ result: PerplexityResult,
        _ divergence: Divergence?,
        _ model: LoadedModel
    ) throws {
        let report = result.report
        if options.json {
            try JSONOutput.print(
                PerplexityReport(
                    method: pruning.chosen.rawValue,
                    pruneRatio: pruning.pruneRatio,
                    perplexity: result.perplexity,
                    perplexityStandardError: result.perplexityStandardError,
                    negativeLogLikelihood: result.negativeLogLikelihood,
                    tokens: result.tokenCount,
                    windows: result.windowMeans.count,
                    prefillSeconds: report.forwardDuration.seconds,
                    prefillTokensPerSecond: result.prefillTokensPerSecond,
                    probeSeconds: report.probeDuration.seconds,
                    headSeconds: report.headDuration.seconds,
                    realisedFlopsRatio: report.multiplyAdds.realisedRatio,
                    probeFlopsRatio: report.multiplyAdds.probeRatio,
                    weights: model.weights.rawValue,
                    threads: model.network.compute.threadCount,
                    isa: model.network.compute.instructionSet.rawValue,
                    modelSha256: model.sha256,
                    divergence: divergence.map(DivergenceReport.init)
                )
            )
            return
        }
        print(
            String(
                format: """
                    perplexity         %.3f ± %.3f (%d tokens in %d windows)
                    multiply-adds      %.1f %% of dense, of which the probe %.2f %%
                    prefill            %.2f s, %.0f tokens a second; probe and selection %.2f s
                    output head        %.2f s
                    """,
                result.perplexity,
                result.perplexityStandardError,
                result.tokenCount,
                result.windowMeans.count,
                100 * report.multiplyAdds.realisedRatio,
                100 * report.multiplyAdds.probeRatio,
                report.forwardDuration.seconds,
                result.prefillTokensPerSecond,
                report.probeDuration.seconds,
                report.headDuration.seconds
            )
        )
        if let divergence { print(DivergenceReport(divergence).text) }
    }
}

/// The JSON of `evaluate perplexity`, in snake_case.
private struct PerplexityReport: Encodable {
    var method: String
    var pruneRatio: Double
    var perplexity: Double
    var perplexityStandardError: Double
    var negativeLogLikelihood: Double
    var tokens: Int
    var windows: Int
    var prefillSeconds: Double
    var prefillTokensPerSecond: Double
    var probeSeconds: Double
    var headSeconds: Double
    var realisedFlopsRatio: Double
    var probeFlopsRatio: Double
    var weights: String
    var threads: Int
    var isa: String
    var modelSha256: String
    var divergence: DivergenceReport?
}

/// How far the pruned model's predictions lie from the dense model's, in snake_case.
private struct DivergenceReport: Encodable {
    var meanKl: Double
    var meanKlStandardError: Double
    var kl99thPercentile: Double
    var top1Agreement: Double
    var logLikelihoodChange: Double
    var logLikelihoodChangeStandardError: Double

    init(_ divergence: Divergence) {
        meanKl = divergence.mean
        meanKlStandardError = divergence.meanStandardError
        kl99thPercentile = divergence.percentile99
        top1Agreement = divergence.agreement
        logLikelihoodChange = divergence.change
        logLikelihoodChangeStandardError = divergence.changeStandardError
    }

    var text: String {
        String(
            format: """
                divergence         mean %.4f ± %.4f nats, 99th percentile %.3f
                same best token    %.1f %%
                log-likelihood     %+.4f ± %.4f nats a token
                """,
            meanKl,
            meanKlStandardError,
            kl99thPercentile,
            100 * top1Agreement,
            logLikelihoodChange,
            logLikelihoodChangeStandardError
        )
    }
}
