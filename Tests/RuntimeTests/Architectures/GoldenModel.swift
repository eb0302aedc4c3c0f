import Foundation
import Kernels
import ModelFiles
import ProbeScheduler
import TestSupport

@testable import Runtime

/// A small model with seeded weights, and what Hugging Face's transformers compute with it.
///
/// `generate-golden.py` says how the weights are made.
struct GoldenModel: Decodable {
    /// A tensor: its entries are `offset + scale · u`, with `u` uniform in -1..<1.
    struct Tensor: Decodable {
        var name: String
        var shape: [Int]
        var scale: Float
        var offset: Float
    }

    /// What one layer keeps.
    struct Mask: Decodable {
        var heads: [Int32]
        var channels: [Int32]
    }

    /// Logits of a prompt and of a greedy continuation.
    struct Run: Decodable {
        /// One a layer; nil: dense.
        var masks: [Mask]?
        /// Logits of the prompt's last positions.
        var prefill: [[Float]]
        var generated: [Int32]
        /// Logits after each generated token.
        var decode: [[Float]]
    }

    /// What Probe Pruning keeps of the prompt as a batch of one, without history.
    struct Probe: Decodable {
        var ratio: Double
        var tokenRatio: Double
        /// One a layer; the first ones are nil, for they stay dense.
        var masks: [Mask?]
        /// Logits of the prompt's last position.
        var logits: [Float]
    }

    var seed: UInt64
    var tensors: [Tensor]
    var prompt: [Int32]
    var runs: [Run]
    var probe: Probe

    /// The families, by the name of their file in `Golden`.
    static let names = [
        "gemma3", "llama", "llama-biases", "mistral", "opt", "phi3", "qwen2", "qwen3",
    ]

    private static func data(_ name: String) throws -> Data {
        let tests = Checkout.root.appending(path: "Tests/RuntimeTests/Golden")
        return try Data(contentsOf: tests.appending(path: "\(name).json"))
    }

    init(named name: String) throws {
        self = try JSONDecoder().decode(GoldenModel.self, from: Self.data(name))
    }

    /// The model, by way of a folder as Hugging Face lays it out.
    static func load(_ name: String, format: WeightFormat = .f32) throws -> CausalLM {
        let model = try GoldenModel(named: name)
        let folder = FileManager.default.temporaryDirectory
            .appending(path: "golden-\(name)-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try model.write(to: folder, config: config(name))
        let loader = ModelLoader(
            file: try ModelFile(path: folder.path),
            plan: WeightPlan(format),
            compute: try Compute(threadCount: 2)
        )
        return try loader.load { _ in }
    }

    /// The text of `config.json`.
    static func config(_ name: String) throws -> Data {
        let root = try JSONSerialization.jsonObject(with: data(name)) as? [String: Any]
        return try JSONSerialization.data(withJSONObject: root?["config"] ?? [:])
    }

    /// Writes `config.json` and the weights as one safetensors file of 32-bit floats.
    func write(to folder: URL, config: Data) throws {
        try config.write(to: folder.appending(path: "config.json"))
        var random = SplitMix64(seed: seed)
        var header: [String: Any] = [:]
        var contents = Data()
        for tensor in tensors {
            let start = contents.count
            for _ in 0..<tensor.shape.reduce(1, *) {
                let u = Float(random.next() >> 40) * 0x1p-23 - 1
                let scaled = u * tensor.scale
                let bits = (scaled + tensor.offset).bitPattern
                contents.append(
                    contentsOf: (0..<4).map { UInt8(truncatingIfNeeded: bits >> (8 * $0)) }
                )
            }
            header[tensor.name] = [
                "dtype": "F32", "shape": tensor.shape, "data_offsets": [start, contents.count],
            ]
        }
        let json = try JSONSerialization.data(withJSONObject: header)
        let length = (0..<8).map { UInt8(truncatingIfNeeded: json.count >> (8 * $0)) }
        try (Data(length) + json + contents).write(to: folder.appending(path: "model.safetensors"))
    }
}
