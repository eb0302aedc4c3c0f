import ArgumentParser
import Foundation
import ModelFiles
import ProbeScheduler
import Runtime
import Tokenizers

/// `sonde calibrate`.
struct CalibrateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "calibrate",
        abstract: "Run the dense model over a text and write the history that pruning starts from.",
        discussion: """
            With --text FILE the text is cut into windows of --context tokens; with --self N the model \
            writes N windows itself, so no data set is needed. Without --output the history becomes the \
            model's own in the cache.
            """
    )

    @OptionGroup var options: ModelOptions

    @Option(help: "A UTF-8 text.")
    var text: String?

    @Option(name: .customLong("self"), help: "Sample this many windows from the model itself.")
    var selfSamples: Int?

    @Option(help: "Tokens a window: the positions that the history keeps apart.")
    var context = 256

    @Option(help: "Windows a batch.")
    var batch = 20

    @Option(help: "Most windows of the text to run.")
    var maxWindows = 200

    @Option(name: [.short, .long], help: "Where to write. (default: the model's own in the cache)")
    var output: String?

    mutating func validate() throws {
        guard (text == nil) != (selfSamples == nil) else {
            throw ValidationError("give either --text FILE or --self N")
        }
        guard context >= 2, batch >= 1, maxWindows >= 1, selfSamples ?? 1 >= 1 else {
            throw ValidationError(
                "--context is at least 2; --batch, --max-windows, --self at least 1"
            )
        }
    }

    func run() async throws {
        let model = try await options.load()
        guard context <= model.config.contextLength else {
            throw BadInput(
                "--context \(context): the model's context is \(model.config.contextLength) tokens"
            )
        }
        let windows: [[Int32]]
        if let text {
            windows = try cutWindows(ofText: text, model)
        } else {
            windows = try sampleWindows(model)
        }
        let bar = ProgressBar("calibrating", unit: .items("windows"))
        defer { bar.finish() }
        let history = try Calibrator(network: model.network, batchSize: batch).run(windows) {
            bar.update($0, of: windows.count)
        }
        let header = HistoryFile.Header(
            modelSHA256: model.sha256,
            text: text.map { URL(filePath: $0).lastPathComponent } ?? "sampled from the model",
            tokenCount: windows.reduce(0) { $0 + $1.count },
            positionCount: history.positionCount,
            sampleCounts: history.sampleCounts,
            skippedLayerCount: RatioPolicy(nominalRatio: 0).skippedLayerCount
        )
        let url = output.map { URL(filePath: $0) } ?? PruningOptions.ownHistory(of: model)
        try HistoryFile(header: header, history: history).write(to: url)
        bar.finish()
        if options.json {
            try JSONOutput.print(Report(history: url.path, windows: windows.count, header: header))
        } else {
            print(url.path)
        }
    }

    private struct Report: Encodable {
        var history: String
        var windows: Int
        var header: HistoryFile.Header
    }

    private func cutWindows(ofText path: String, _ model: LoadedModel) throws -> [[Int32]] {
        let tokens = model.tokenizer.encode(try TextFile.read(path))
        let count = min(tokens.count / context, maxWindows)
        guard count > 0 else {
            throw BadInput(
                "\(path): \(tokens.count) tokens; one window needs \(context) (--context)"
            )
        }
        return (0..<count).map { Array(tokens[$0 * context..<($0 + 1) * context]) }
    }

    /// Texts that the model writes at temperature 1, begun with the token that ends one.
    private func sampleWindows(_ model: LoadedModel) throws -> [[Int32]] {
        let first = model.tokenizer.bosToken ?? model.tokenizer.endOfTextTokens.min() ?? 0
        var sampling = SamplingParameters()
        sampling.temperature = 1
        sampling.maxTokens = context - 1
        sampling.ignoresEndOfText = true
        let prompts = (0..<(selfSamples ?? 0)).map { _ in [first] }
        let bar = ProgressBar("sampling", unit: .items("tokens"))
        defer { bar.finish() }
        let run = try BatchGeneration(
            model: model,
            prompts: prompts,
            sampling: sampling,
            seed: options.seed
        )
        let total = prompts.count * (context - 1)
        let answers = try run.run(pruning: .dense, limits: .init(maxNumSeqs: batch)) { done, _ in
            bar.update(done, of: total)
        }
        return answers.choices.map { [first] + $0.tokens }
    }
}
