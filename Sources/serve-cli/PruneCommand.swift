import ArgumentParser
import Foundation
import Kernels
import ModelFiles
import ProbeScheduler
import Runtime
import StaticPruning

/// `sonde prune`.
struct PruneCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "prune",
        abstract: "Write a statically pruned model.",
        discussion: """
            Heads and channels leave the file, and FLAP's means become biases. Keys and values stay, and \
            every key-value head keeps as many query heads as the others, so some removed heads remain \
            with zeros behind them. A LLaMA file whose layers come to differ in width is written as \
            DeciLM, which llama.cpp loads too.

            Try:
              sonde prune --method flap --ratio 0.2 --history wiki.history -o small.gguf
            """
    )

    @Option(
        name: [.short, .long],
        help: "A .gguf file, or the name of a pulled model."
    )
    var model = ModelOptions.defaultModel

    @Option(help: "Static method: wanda-sp, flap, magnitude or ppsp.")
    var method: PruningMethod

    @Option(help: "Share of heads and channels removed, 0 ≤ R < 1.")
    var ratio: Double

    @Option(help: "Whose version of the method: paper, released, pp or pp-corrected.")
    var preset = StaticPreset.pp

    @Option(help: "Calibration of this model. (default: the model's own in the cache)")
    var history: String?

    @Option(name: [.short, .long], help: "Where to write the .gguf file.")
    var output: String

    @Option(name: [.short, .long], help: "Worker threads. (default: one a core)")
    var threads: Int?

    @Flag(help: "Print one JSON object on standard output, and nothing else there.")
    var json = false

    mutating func validate() throws {
        guard (0..<1).contains(ratio) else {
            throw ValidationError("--ratio \(ratio): expected 0 ≤ R < 1")
        }
        guard method.staticMethod != nil else {
            throw ValidationError(
                "--method \(method.rawValue): expected a static method: "
                    + StaticMethod.allCases.map(\.rawValue).joined(separator: ", ")
            )
        }
        guard output.hasSuffix(".gguf") else {
            throw ValidationError("--output \(output): expected a name that ends in .gguf")
        }
    }

    func run() async throws {
        var options = try ModelOptions.parse([])
        options.model = model
        options.threads = threads
        options.weights = "int8"
        let path = try await ModelOptions.path(of: model)
        let source = try ModelFile(path: path)
        var pruning = try PruningOptions.parse([])
        (pruning.method, pruning.pruneRatio) = (method, ratio)
        (pruning.preset, pruning.history) = (preset, history)
        // What cannot be written is said before the model is loaded.
        _ = try PrunedModelFile(file: source, plan: StaticPlan(masks: [:]))
        let loaded = try await options.load()
        let pruned = try PrunedModelFile(
            file: source,
            plan: try pruning.staticPlan(loaded),
            provenance: [
                "method": method.rawValue, "ratio": "\(ratio)", "preset": preset.rawValue,
                "source": loaded.sha256,
            ]
        )
        let byteCount = try pruned.writer().write(to: URL(filePath: output))
        try show(try ModelFile(path: output), source, byteCount)
    }

    private func show(_ pruned: ModelFile, _ source: ModelFile, _ byteCount: Int) throws {
        let report = Report(
            output: output,
            bytes: byteCount,
            architecture: pruned.config.architecture,
            parameters: pruned.parameterCount,
            parametersBefore: source.parameterCount,
            heads: (0..<pruned.config.layerCount).map {
                pruned.config.widths(ofLayer: $0).headCount
            },
            channels: (0..<pruned.config.layerCount).map {
                pruned.config.widths(ofLayer: $0).channelCount
            }
        )
        guard !json else { return try JSONOutput.print(report) }
        print(
            String(
                format: "%@: %.1f of %.1f million parameters (%.1f %%), %@, %.1f MB",
                output,
                Double(report.parameters) / 1e6,
                Double(report.parametersBefore) / 1e6,
                100 * Double(report.parameters) / Double(max(1, report.parametersBefore)),
                report.architecture,
                Double(byteCount) / 1e6
            )
        )
    }

    private struct Report: Encodable {
        var output: String
        var bytes: Int
        var architecture: String
        var parameters: Int
        var parametersBefore: Int
        var heads: [Int]
        var channels: [Int]
    }
}

extension ModelFile {
    /// Numbers in all tensors.
    fileprivate var parameterCount: Int {
        tensors.reduce(0) { $0 + $1.rowCount * $1.columnCount }
    }
}
