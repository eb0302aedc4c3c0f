import Foundation
import Kernels
import ModelFiles
import ProbeScheduler
import TestSupport
import Testing

@testable import Runtime

/// Models in folders, from their files to an answer.
@Suite("Model folders")
struct ModelFolderTests {
    /// A tokenizer of one token a character from `A` on, and three names.
    private static func tokenizer(tokenCount: Int) -> String {
        let letters = (3..<tokenCount).map { id in
            let letter = Unicode.Scalar(UInt8(62 + id))
            return letter == "\\" ? #""\\": \#(id)"# : #""\#(letter)": \#(id)"#
        }
        return """
            {"model": {"type": "BPE", "vocab": {"<pad>": 0, "<s>": 1, "</s>": 2, \
            \(letters.joined(separator: ", "))}, "merges": []},
            "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": false, "use_regex": false},
            "decoder": {"type": "ByteLevel"},
            "added_tokens": [{"id": 1, "content": "<s>", "special": true},
            {"id": 2, "content": "</s>", "special": true}]}
            """
    }

    private static let settings = """
        {"bos_token": "<s>", "eos_token": "</s>", "add_bos_token": true, "chat_template": "T"}
        """

    /// Loads a golden model with the tokenizer beside it.
    private func load(
        _ name: String,
        tokenCount: Int = 60,
        omitting omitted: String? = nil,
        template: String? = nil,
        adding tensors: [GoldenModel.Tensor] = [],
        change: (inout [String: Any]) -> Void = { _ in }
    ) throws -> LoadedModel {
        let folder = FileManager.default.temporaryDirectory
            .appending(path: "folder-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let json = try JSONSerialization.jsonObject(with: GoldenModel.config(name))
        var config = json as? [String: Any] ?? [:]
        change(&config)
        var golden = try GoldenModel(named: name)
        golden.tensors += tensors
        try golden.write(to: folder, config: JSONSerialization.data(withJSONObject: config))
        let files = [
            "tokenizer.json": Self.tokenizer(tokenCount: tokenCount),
            "tokenizer_config.json": Self.settings, "chat_template.jinja": template,
        ]
        for (file, text) in files where file != omitted {
            guard let text else { continue }
            try Data(text.utf8).write(to: folder.appending(path: file))
        }
        return try LoadedModel(path: folder.path, compute: try Compute(threadCount: 2))
    }

    @Test("a folder's tokenizer, template and weights make a model")
    func loads() throws {
        let model = try load("qwen3")
        #expect(try model.tokens(of: "AB", chat: nil) == [1, 3, 4])
        #expect(model.chatTemplateSource == "T")
        #expect(model.weights == .f32)
        #expect(model.sha256.count == 64)
        let answer = try Generation.greedy(model, [[1, 3, 4]], count: 5)[0]
        #expect(answer.count == 5)
    }

    @Test("chat_template.jinja goes before the template in tokenizer_config.json")
    func separateTemplate() throws {
        #expect(try load("opt", template: "of its own").chatTemplateSource == "of its own")
    }

    @Test("a folder without tokenizer.json is refused with its path")
    func missingTokenizer() throws {
        let error = #expect(throws: RuntimeError.self) {
            try load("opt", omitting: "tokenizer.json")
        }
        #expect("\(try #require(error))".contains("tokenizer.json"))
    }

    @Test("tokenizer_config.json may be missing")
    func missingSettings() throws {
        let model = try load("opt", omitting: "tokenizer_config.json")
        #expect(model.chatTemplateSource == nil)
        #expect(try model.tokens(of: "AB", chat: nil) == [3, 4])
    }

    @Test("an answer stops at every token that the model or the tokenizer names as its end")
    func endOfText() throws {
        let free = try load("llama")
        let prompt: [Int32] = [1, 5, 9]
        let answer = try Generation.greedy(free, [prompt], count: 6)[0]
        let end = try #require(answer.last)
        let model = try load("llama") { $0["eos_token_id"] = [7, Int(end)] }
        #expect(model.endOfTextTokens == [2, 7, end])
        let engine = try engine(model, maxModelLength: 32)
        var sampling = SamplingParameters()
        sampling.maxTokens = 20
        try engine.add(Request(id: RequestID(0), promptTokens: prompt, sampling: sampling))
        var tokens: [Int32] = []
        var reason: FinishReason?
        while engine.hasWork {
            for output in try engine.step() {
                if let token = output.token { tokens.append(token) }
                reason = output.finishReason
            }
        }
        #expect(tokens == Array(answer.prefix { $0 != end }))
        #expect(reason == .stop)
    }

    @Test("a tokenizer with more tokens than the model cannot bring the engine down")
    func largeTokenizer() throws {
        let model = try load("llama", tokenCount: 65)
        let tokens = try model.tokens(of: "~", chat: nil)
        #expect(tokens == [1, 64])
        let engine = try engine(model, maxModelLength: 32)
        let request = Request(
            id: RequestID(0),
            promptTokens: tokens,
            sampling: SamplingParameters()
        )
        #expect(throws: RuntimeError.tokenOutOfRange(64, vocabularySize: 64)) {
            try engine.add(request)
        }
        var pruner = DensePruner()
        #expect(throws: RuntimeError.tokenOutOfRange(-1, vocabularySize: 64)) {
            try Passes(model.network).run([3, -1], &pruner)
        }
    }

    @Test("learned positions end where the model's do")
    func positions() throws {
        let model = try load("opt")
        #expect(model.network.positionLimit == 128)
        #expect(throws: RuntimeError.positionOutOfRange(128, limit: 128)) {
            _ = try engine(model, maxModelLength: 129)
        }
        var pruner = DensePruner()
        let passes = try Passes(model.network)
        _ = try passes.run([Int32](repeating: 3, count: 128), &pruner)
        #expect(throws: RuntimeError.positionOutOfRange(128, limit: 128)) {
            try passes.run([3], &pruner)
        }
    }

    @Test("biases in a gated MLP are refused, not left out")
    func gatedBiases() throws {
        let biases = (0..<3).flatMap { layer in
            [("gate", 96), ("up", 96), ("down", 60)].map { name, width in
                GoldenModel.Tensor(
                    name: "model.layers.\(layer).mlp.\(name)_proj.bias",
                    shape: [width],
                    scale: 1,
                    offset: 0
                )
            }
        }
        let error = #expect(throws: RuntimeError.self) {
            try load("llama", adding: biases) { $0["mlp_bias"] = true }
        }
        guard case .model(.unsupportedArchitecture(_, let found, _)) = try #require(error) else {
            Issue.record("another error: \(error.debugDescription)")
            return
        }
        #expect(found == "llama with biases in a gated MLP")
    }

    private func engine(_ model: LoadedModel, maxModelLength: Int) throws -> Engine {
        try Engine(
            model: model,
            pruning: .dense,
            configuration: SchedulerConfiguration(
                maxNumSeqs: 1,
                maxNumBatchedTokens: 64,
                maxModelLength: maxModelLength,
                blockSize: 16,
                blockCount: 16,
                maskScope: .batch
            )
        )
    }
}
