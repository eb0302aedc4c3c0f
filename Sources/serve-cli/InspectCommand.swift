import ArgumentParser
import Foundation
import Kernels
import ModelFiles
import ProbeScheduler
import Runtime

/// `sonde inspect`.
struct InspectCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "inspect",
        abstract: "Show a model's architecture, shapes, formats, tokenizer and memory."
    )

    @Argument(help: "A .gguf file, a model's folder, or the name of a pulled model.")
    var model = ModelOptions.defaultModel

    @Flag(help: "Show CPUs and instruction sets instead.")
    var topology = false

    @Flag(help: "Print one JSON object on standard output, and nothing else there.")
    var json = false

    func run() async throws {
        if topology { return try showTopology() }
        let path = try await ModelOptions.path(of: model)
        let summary = try Summary(ModelFile(path: path))
        if json { return try JSONOutput.print(summary) }
        print(summary.text(path: path))
    }

    private struct Topology: Encodable {
        var cores: Int
        var instructionSets: [String]
        var chosen: String
    }

    private func showTopology() throws {
        let topology = Topology(
            cores: ProcessInfo.processInfo.activeProcessorCount,
            instructionSets: InstructionSet.available.map(\.rawValue),
            chosen: InstructionSet.native.rawValue
        )
        if json { return try JSONOutput.print(topology) }
        print("cores              \(topology.cores)")
        print("instruction sets   \(topology.instructionSets.joined(separator: ", "))")
        print("chosen             \(topology.chosen)")
    }
}

/// What a user needs to know before loading a model.
private struct Summary: Encodable {
    var architecture: String
    var name: String?
    var licence: String?
    var parameters: Int
    var layers: Int
    var hidden: Int
    var heads: Int
    var kvHeads: Int
    var headDimension: Int
    var channels: Int
    var vocabulary: Int
    var context: Int
    var tokenizer: String
    var chatTemplate: Bool
    /// Bytes on disk of each tensor type.
    var weights: [String: Int]
    /// Bytes in memory of the matrices at each `--weights`.
    var memory: [String: Int]
    var kvBytesPerToken: Int
    /// Multiply-adds of the linear layers that a mask leaves, by nominal ratio.
    var realisedAtRatio: [String: Double]

    init(_ file: ModelFile) throws {
        let config = file.config
        architecture = config.architecture
        name = config.name
        licence = config.licence
        parameters = file.tensors.reduce(0) { $0 + $1.dimensions.reduce(1, *) }
        layers = config.layerCount
        hidden = config.hiddenSize
        heads = config.headCount
        kvHeads = config.kvHeadCount
        headDimension = config.headDimension
        channels = config.channelCount
        vocabulary = config.vocabularySize
        context = config.contextLength
        tokenizer = try Self.tokenizer(file)
        chatTemplate = try file.chatTemplateSource() != nil
        weights = [:]
        memory = [:]
        for tensor in file.tensors {
            weights[tensor.type.description, default: 0] += tensor.byteCount
            guard tensor.dimensions.count == 2 else { continue }
            for format in WeightFormat.allCases {
                // `down` and `o` are stored transposed; the difference in padding is below 1 %.
                memory[format.rawValue, default: 0] +=
                    tensor.dimensions[1] * format.rowByteCount(tensor.dimensions[0])
            }
        }
        kvBytesPerToken =
            2 * layers * kvHeads * config.headDimension * MemoryLayout<Float>.size
        let shape = config.shape
        realisedAtRatio = [:]
        for ratio in [0.1, 0.2, 0.3, 0.4, 0.5] {
            realisedAtRatio["\(ratio)"] = Self.realised(ratio, shape)
        }
    }

    private static func tokenizer(_ file: ModelFile) throws -> String {
        guard let gguf = file.gguf else { return "tokenizer.json" }
        return [
            try gguf.valueIfPresent("tokenizer.ggml.model", as: .string) ?? "none",
            try gguf.valueIfPresent("tokenizer.ggml.pre", as: .string) ?? "default",
        ].joined(separator: ", ")
    }

    private static func realised(_ ratio: Double, _ shape: ModelShape) -> Double {
        let policy = RatioPolicy(nominalRatio: ratio)
        var count = MultiplyAdds()
        for block in shape.blocks {
            let units = block.kind == .attention ? shape.headCount : shape.channelCount
            let kept =
                policy.prunes(layer: block.layer, of: shape)
                ? policy.kept(block.kind, shape) : units
            let mask = try? ChannelMask(kept: (0..<Int32(kept)).map(\.self), channelCount: units)
            count.count(block.kind, shape: shape, rows: 1, mask: mask, probeRows: 0)
        }
        return count.realisedRatio
    }

    func text(path: String) -> String {
        func megabytes(_ bytes: Int) -> String { String(format: "%.1f MB", Double(bytes) / 1e6) }
        func list(_ sizes: [String: Int]) -> String {
            sizes.sorted { $0.key < $1.key }.map { "\($0.key) \(megabytes($0.value))" }
                .joined(separator: ", ")
        }
        let saved = realisedAtRatio.sorted { $0.key < $1.key }
            .map { "\($0.key) → \(String(format: "%.1f", 100 * (1 - $0.value))) %" }
            .joined(separator: ", ")
        return """
            file               \(path)
            model              \(name ?? "unnamed") (\(architecture), licence \(licence ?? "not given"))
            parameters         \(parameters)
            layers             \(layers)
            hidden size        \(hidden)
            heads              \(heads) of \(headDimension), \(kvHeads) key-value heads
            MLP channels       \(channels)
            vocabulary         \(vocabulary) (\(tokenizer))
            context            \(context) tokens
            chat template      \(chatTemplate ? "yes" : "no")
            on disk            \(list(weights))
            in memory          \(list(memory))
            KV cache           \(kvBytesPerToken) bytes a token
            multiply-adds of the linear layers saved at a nominal ratio (probe not counted)
                               \(saved)
            """
    }
}
