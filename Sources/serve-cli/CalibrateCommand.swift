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

    @Option(
        name: .customLong("merge"),
        help: "Merge these histories of the same model instead of running a text."
    )
    var merged: [String] = []

    @Option(help: "Tokens a window: the positions that the history keeps apart.")
    var context = 256

    @Option(help: "Windows a batch.")
    var batch = 20

    @Option(help: "Most windows of the text to run.")
    var maxWindows = 200

    @Option(name: [.short, .long], help: "Where to write. (default: the model's own in the cache)")
    var output: String?

    @Flag(help: "Do nothing when a history that this program and model can use is there already.")
    var ifMissing = false

    mutating func validate() throws {
        let origins = [text != nil, selfSamples != nil, !merged.isEmpty].filter(\.self).count
        guard origins == 1, merged.isEmpty || merged.count > 1 else {
            throw ValidationError("give --text FILE, --self N, or --merge FILE at least twice")
        }
        guard context >= 2, batch >= 1, maxWindows >= 1, selfSamples ?? 1 >= 1 else {
            throw ValidationError(
                "--context is at least 2; --batch, --max-windows, --self at least 1"
            )
        }
    }

    func run() async throws {
        let model = try await options.load()
        guard model.network.isUniform else {
            throw BadInput("\(model.path): calibration needs layers of one width")
        }
        guard context <= model.config.contextLength else {
            throw BadInput(
                "--context \(context): the model's context is \(model.config.contextLength) tokens"
            )
        }
        if ifMissing, let present = present(model) { return try show(present, model) }
        guard merged.isEmpty else { return try merge(model) }
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
        bar.finish()
        try write(HistoryFile(header: header, history: history), model)
    }

    private func destination(_ model: LoadedModel) -> URL {
        output.map { URL(filePath: $0) } ?? PruningOptions.ownHistory(of: model)
    }

    private func present(_ model: LoadedModel) -> HistoryFile? {
        try? HistoryFile(
            contentsOf: destination(model),
            shape: model.network.shape,
            modelSHA256: model.sha256
        )
    }

    private func write(_ file: HistoryFile, _ model: LoadedModel) throws {
        try file.write(to: destination(model))
        try show(file, model)
    }

    private func show(_ file: HistoryFile, _ model: LoadedModel) throws {
        let url = destination(model)
        let windows = file.header.sampleCounts.max() ?? 0
        if options.json {
            try JSONOutput.print(Report(history: url.path, windows: windows, header: file.header))
        } else {
            print(url.path)
        }
    }

    /// Reads the histories, merges them, and writes the result.
    private func merge(_ model: LoadedModel) throws {
        let files = try merged.map {
            try HistoryFile(
                contentsOf: URL(filePath: $0),
                shape: model.network.shape,
                modelSHA256: model.sha256
            )
        }
        var history = files[0].history
        var header = files[0].header
        for file in files.dropFirst() {
            try history.merge(file.history)
            header.text += " + " + file.header.text
            header.tokenCount += file.header.tokenCount
        }
        header.sampleCounts = history.sampleCounts
        try write(HistoryFile(header: header, history: history), model)
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
