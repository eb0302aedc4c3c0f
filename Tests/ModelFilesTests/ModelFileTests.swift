import Foundation
import Testing

@testable import ModelFiles

@Suite("ModelFile")
struct ModelFileTests {
    private func open(
        _ family: String,
        shardCount: Int = 1,
        _ change: (inout TinyHuggingFace) -> Void = { _ in },
        files: (URL) throws -> Void = { _ in }
    ) throws -> ModelFile {
        try withTemporaryFolder { folder in
            var model = TinyHuggingFace(family)
            change(&model)
            try model.write(to: folder, shardCount: shardCount)
            try files(folder)
            return try ModelFile(path: folder.path)
        }
    }

    private func config(
        _ family: String,
        _ values: [String: Any] = [:]
    ) throws -> ModelConfig {
        try open(family) { $0.config.merge(values) { $1 } }.config
    }

    static let families = [
        "llama", "mistral", "qwen2", "qwen3", "gemma3_text", "phi3", "opt",
    ]

    @Test("reads every family, of one file or several", arguments: Self.families, [1, 3])
    func readsFamily(family: String, shardCount: Int) throws {
        let file = try open(family, shardCount: shardCount)
        let config = file.config
        #expect(config.architecture == family)
        #expect(file.files.count == shardCount)
        #expect(file.gguf == nil && file.folder != nil)
        #expect(config.layerCount == 2 && config.hiddenSize == 8 && config.channelCount == 6)
        #expect(config.headCount == 4 && config.kvHeadCount == (family == "opt" ? 4 : 2))
        #expect(config.bosToken == 1 && config.eosTokens == [2])
        #expect(config.layerAttention.count == 2)
        #expect(file.tensor(named: "blk.1.attn_q.weight")?.columnCount == 8)
        #expect(file.tensor(named: "blk.1.ffn_down.weight")?.dimensions == [6, 8])
        #expect((file.tensor(named: "blk.0.ffn_gate.weight") == nil) == (family == "opt"))
        for tensor in file.tensors {
            var row = [Float](repeating: .nan, count: tensor.columnCount)
            var span = row.mutableSpan
            try file.copyRow(tensor.rowCount - 1, of: tensor, into: &span)
            let isFinite = row.allSatisfy { $0.isFinite }
            #expect(isFinite)
        }
    }

    @Test("takes fused projections apart")
    func fused() throws {
        let file = try open("phi3")
        func first(_ name: String) throws -> Float {
            let tensor = try #require(file.tensor(named: name))
            var row = [Float](repeating: .nan, count: tensor.columnCount)
            var span = row.mutableSpan
            try file.copyRow(0, of: tensor, into: &span)
            return row[0]
        }
        let query = try first("blk.1.attn_q.weight")
        #expect(try first("blk.1.attn_k.weight") - query == 8 * 8)
        #expect(try first("blk.1.attn_v.weight") - query == (8 + 4) * 8)
        let gate = try first("blk.1.ffn_gate.weight")
        #expect(try first("blk.1.ffn_up.weight") - gate == 6 * 8)
        #expect(file.tensor(named: "blk.1.attn_v.weight")?.dimensions == [8, 4])
    }

    @Test("knows what sets the families apart")
    func variants() throws {
        let llama = try config("llama")
        #expect(llama.activation == .silu && llama.isGated && llama.norm == .rms)
        #expect(llama.layerAttention[0].rotary?.layout == .halves)
        #expect(llama.attentionScale == 1 / Float(2).squareRoot())
        #expect(!llama.tiesEmbeddings && llama.biases.isEmpty)
        #expect(try config("qwen2").biases == .queryKeyValue)
        #expect(try config("qwen3").hasQueryKeyNorm)
        let opt = try config("opt")
        #expect(opt.positions == .learned(offset: 2) && opt.norm == .layer && !opt.isGated)
        #expect(opt.biases == [.queryKeyValue, .attentionOutput, .mlp])
        #expect(
            opt.activation == .relu && opt.tiesEmbeddings && opt.layerAttention[0].rotary == nil
        )
        let gemma = try config("gemma3_text", ["sliding_window_pattern": 2, "sliding_window": 4])
        #expect(gemma.hasPostNorms && gemma.hasQueryKeyNorm && gemma.tiesEmbeddings)
        #expect(gemma.activation == .geluTanh && gemma.normGainOffset == 1)
        #expect(gemma.embeddingScale == Float(8).squareRoot() && gemma.attentionScale == 1 / 16)
        #expect(gemma.layerAttention.map(\.window) == [4, nil])
        #expect(gemma.layerAttention.map { $0.rotary?.theta } == [10_000, 1_000_000])
    }

    @Test("reads windows as each family means them")
    func windows() throws {
        #expect(try config("mistral").layerAttention[0].window == 4096)
        #expect(
            try config("mistral", ["sliding_window": NSNull()]).layerAttention[0].window == nil
        )
        #expect(try config("llama", ["sliding_window": 3]).layerAttention[0].window == nil)
        #expect(try config("phi3", ["sliding_window": 3]).layerAttention[1].window == 3)
        #expect(try config("qwen2", ["sliding_window": 3]).layerAttention[1].window == nil)
        let qwen = try config(
            "qwen2",
            ["sliding_window": 3, "use_sliding_window": true, "max_window_layers": 1]
        )
        #expect(qwen.layerAttention.map(\.window) == [nil, 3])
        let typed = try config(
            "qwen3",
            [
                "sliding_window": 3, "use_sliding_window": true,
                "layer_types": ["sliding_attention", "full_attention"],
            ]
        )
        #expect(typed.layerAttention.map(\.window) == [3, nil])
    }

    @Test("reads both forms of rotary parameters")
    func rotary() throws {
        let linear: [String: Any] = ["type": "linear", "factor": 4]
        let config = try config(
            "llama",
            ["rope_scaling": linear, "rope_theta": 100, "head_dim": 2]
        )
        #expect(config.layerAttention[0].rotary?.scaling == .linear(4))
        #expect(config.layerAttention[0].rotary?.inverseFrequencies == [0.25])
        let nested: [String: Any] = [
            "full_attention": ["rope_type": "linear", "factor": 8, "rope_theta": 5000],
            "sliding_attention": ["rope_type": "default", "rope_theta": 700],
        ]
        let gemma = try self.config(
            "gemma3_text",
            ["rope_parameters": nested, "sliding_window_pattern": 2]
        )
        #expect(gemma.layerAttention.map { $0.rotary?.theta } == [700, 5000])
        #expect(
            gemma.layerAttention.map { $0.rotary?.scaling } == [
                RotaryParameters.Scaling.none, .linear(8),
            ]
        )
        let flat: [String: Any] = ["rope_type": "default", "rope_theta": 1234]
        #expect(try self.config("llama", ["rope_parameters": flat]).ropeTheta == 1234)
    }

    @Test("stretches frequencies as Llama 3 does")
    func llama3() {
        let rotary = RotaryParameters(
            layout: .halves,
            theta: 500_000,
            dimensionCount: 8,
            scaling: .llama3(factor: 8, low: 1, high: 4, originalContextLength: 8192)
        )
        let plain = (0..<4).map { pow(500_000, -Double($0) / 4) }
        let found = rotary.inverseFrequencies
        // 1304 and 49 turns in the original context, then 1.84, which is mixed, and 0.07.
        #expect(found[0] == plain[0] && found[1] == plain[1])
        let share = (8192 * plain[2] / (2 * Double.pi) - 1) / 3
        #expect(abs(found[2] - plain[2] * ((1 - share) / 8 + share)) < 1e-15)
        #expect(found[3] == plain[3] / 8)
    }

    @Test("reads several tokens that end a text")
    func endings() throws {
        let file = try open(
            "llama",
            files: {
                try TinyHuggingFace.write(
                    ["eos_token_id": [3, 4]],
                    to: $0.appending(path: "generation_config.json")
                )
            }
        )
        #expect(file.config.eosTokens == [3, 4, 2])
        #expect(file.config.eosToken == 3)
    }

    @Test("refuses what it cannot compute, and names it", arguments: Self.refused)
    func refuses(family: String, key: String, value: String, found: String) throws {
        let json = try JSONSerialization.jsonObject(
            with: Data(value.utf8),
            options: .fragmentsAllowed
        )
        let error = #expect(throws: ModelFileError.self) { try config(family, [key: json]) }
        #expect(error?.description.contains(found) == true, "\(error as Any)")
    }

    static let refused: [(String, String, String, String)] = [
        ("llama", "model_type", #""mamba""#, "architecture mamba is not supported"),
        ("llama", "model_type", "1", "model_type: expected string"),
        ("llama", "model_type", "null", "model_type is missing"),
        ("llama", "hidden_size", "0", "hidden_size: expected 1 to 65536, found 0"),
        ("llama", "hidden_size", "8.5", "hidden_size: expected integer, found number"),
        ("llama", "vocab_size", "null", "vocab_size is missing"),
        ("llama", "num_key_value_heads", "3", "num_key_value_heads: expected a divisor"),
        ("llama", "rope_scaling", #"{"type": "yarn"}"#, "rope_scaling.type: expected default"),
        ("phi3", "rope_scaling", #"{"type": "longrope"}"#, "found longrope"),
        ("llama", "rope_scaling", #"{"type": "linear"}"#, "rope_scaling.factor is missing"),
        ("llama", "rope_scaling", "3", "rope_scaling: expected object"),
        ("llama", "rope_theta", "-1", "rope_theta: expected a finite number above 0"),
        ("llama", "hidden_act", #""gelu""#, "hidden_act: expected silu or swish, found gelu"),
        ("llama", "quantization_config", "{}", "quantization_config: expected none"),
        ("llama", "eos_token_id", "5", "eos_token_id: expected 0 to 4"),
        ("llama", "eos_token_id", #""x""#, "eos_token_id: expected integer or array"),
        ("llama", "partial_rotary_factor", "1.5", "partial_rotary_factor"),
        ("gemma3_text", "final_logit_softcapping", "30.0", "final_logit_softcapping"),
        ("gemma3_text", "layer_types", #"["full_attention"]"#, "layer_types: expected 2"),
        ("opt", "do_layer_norm_before", "false", "do_layer_norm_before: expected true"),
        ("opt", "word_embed_proj_dim", "4", "word_embed_proj_dim: expected 8"),
        ("opt", "activation_function", #""gelu""#, "activation_function: expected relu"),
    ]

    @Test("names tensors that are missing, of another shape, or of no use")
    func tensors() throws {
        let missing = #expect(throws: ModelFileError.self) {
            try open("llama") { $0.tensors.removeLast() }
        }
        #expect(
            missing?.description.contains("layers.1.self_attn.v_proj.weight is missing") == true
        )
        let shape = #expect(throws: ModelFileError.self) {
            try open("llama") { $0.tensors[0].shape = [6, 8] }
        }
        #expect(shape?.description.contains("expected shape [8, 5], found [8, 6]") == true)
        let other = #expect(throws: ModelFileError.self) {
            try open("llama") { $0.tensors.append(("model.extra.weight", [1])) }
        }
        #expect(other?.description.contains("tensor extra.weight does not belong") == true)
        _ = try open("llama") {
            $0.tensors.append(("model.layers.0.self_attn.rotary_emb.inv_freq", [1]))
        }
        _ = try open("opt") { $0.tensors.append(("lm_head.weight", [5, 8])) }
    }

    @Test("says which part of a folder is missing or foreign")
    func folders() throws {
        _ = try withTemporaryFolder { folder in
            #expect(throws: ModelFileError.folderUnsupported(path: folder.path)) {
                try ModelFile(path: folder.path)
            }
        }
        func failure(_ files: (URL) throws -> Void) -> String {
            let error = #expect(throws: ModelFileError.self) {
                try open("llama", shardCount: 2, files: files)
            }
            return error.map(\.description) ?? ""
        }
        let shard = TinyHuggingFace.shardName(1, 2)
        let absent = failure {
            try FileManager.default.removeItem(at: $0.appending(path: shard))
        }
        #expect(absent.contains("\(shard): part 2 of 2 of the model is missing"))
        let swapped = failure {
            let first = $0.appending(path: TinyHuggingFace.shardName(0, 2))
            try Data(contentsOf: first).write(to: $0.appending(path: shard))
        }
        #expect(swapped.contains("\(shard): tensor model."))
        for name in ["../x.safetensors", "x.bin", ""] {
            let escape = failure {
                try TinyHuggingFace.write(
                    ["weight_map": ["a": name]],
                    to: $0.appending(path: "model.safetensors.index.json")
                )
            }
            #expect(escape.contains("weight_map.a: expected name of a .safetensors file"))
        }
        let whole = #expect(throws: ModelFileError.self) {
            try open(
                "llama",
                files: {
                    try FileManager.default.removeItem(at: $0.appending(path: "model.safetensors"))
                }
            )
        }
        #expect(whole?.description.contains("model.safetensors.index.json") == true)
    }

    // MARK: GGUF

    private func gguf(
        _ architecture: String,
        _ change: (inout TinyLlama) -> Void = { _ in }
    ) throws -> ModelFile {
        var model = TinyLlama()
        model.rename(to: architecture)
        change(&model)
        return try ModelFile(GGUF(bytes: model.writer.bytes, name: "f"))
    }

    @Test("reads every architecture of GGUF, and which pairs it rotates")
    func ggufFamilies() throws {
        let llama = try gguf("llama")
        #expect(llama.config.layerAttention[0].rotary?.layout == .interleaved)
        #expect(llama.gguf != nil && llama.folder == nil)
        let qwen2 = try gguf("qwen2") {
            for layer in 0..<2 {
                $0.writer.addTensor("blk.\(layer).attn_q.bias", [8])
                $0.writer.addTensor("blk.\(layer).attn_k.bias", [4])
                $0.writer.addTensor("blk.\(layer).attn_v.bias", [4])
            }
        }
        #expect(qwen2.config.layerAttention[0].rotary?.layout == .halves)
        #expect(qwen2.tensor(named: "blk.1.attn_k.bias")?.dimensions == [4])
        #expect(throws: ModelFileError.self) { try gguf("qwen2") }
        let qwen3 = try gguf("qwen3") {
            for layer in 0..<2 {
                $0.writer.addTensor("blk.\(layer).attn_q_norm.weight", [2])
                $0.writer.addTensor("blk.\(layer).attn_k_norm.weight", [2])
            }
        }
        #expect(qwen3.config.hasQueryKeyNorm)
    }

    @Test("reads Gemma from GGUF: local layers, and gains that are whole already")
    func ggufGemma() throws {
        let file = try gguf("gemma3") {
            $0.set("gemma3.attention.sliding_window", .uint32(4))
            $0.set("gemma3.rope.scaling.type", .string("linear"))
            $0.set("gemma3.rope.scaling.factor", .float32(8))
            for layer in 0..<2 {
                for name in ["attn_q_norm", "attn_k_norm"] {
                    $0.writer.addTensor("blk.\(layer).\(name).weight", [2])
                }
                for name in ["post_attention_norm", "post_ffw_norm"] {
                    $0.writer.addTensor("blk.\(layer).\(name).weight", [8])
                }
            }
        }
        let config = file.config
        #expect(config.normGainOffset == 0 && config.hasPostNorms)
        #expect(config.layerAttention.map(\.window) == [4, 4])
        #expect(config.layerAttention[0].rotary?.theta == 10_000)
        #expect(config.layerAttention[0].rotary?.scaling == RotaryParameters.Scaling.none)
        #expect(config.embeddingScale == Float(8).squareRoot())
    }

    @Test("takes Phi's fused tensors in GGUF apart")
    func ggufPhi() throws {
        func phi(_ model: inout TinyLlama) {
            for layer in 0..<2 {
                for name in ["attn_q", "attn_k", "attn_v", "ffn_gate", "ffn_up"] {
                    model.setTensor("blk.\(layer).\(name).weight", nil)
                }
                model.writer.addTensor("blk.\(layer).attn_qkv.weight", [8, 16])
                model.writer.addTensor("blk.\(layer).ffn_up.weight", [8, 12])
            }
        }
        let file = try gguf("phi3", phi)
        let (key, value) = ("blk.1.attn_k.weight", "blk.1.attn_v.weight")
        let offsets = [key, value].compactMap { file.tensor(named: $0)?.offset }
        #expect(offsets.count == 2 && offsets[1] - offsets[0] == 4 * 8 * 4)
        let error = #expect(throws: ModelFileError.self) {
            try gguf("phi3") {
                phi(&$0)
                $0.writer.addTensor("rope_factors_long.weight", [1])
            }
        }
        #expect(error?.description.contains("found longrope") == true)
    }

    @Test("reads the factors of stretched frequencies")
    func ropeFactors() throws {
        func file(_ factor: Float, _ count: Int = 1) throws -> ModelFile {
            try gguf("llama") {
                let data = [Float](repeating: factor, count: count)
                $0.writer.addTensor(
                    "rope_freqs.weight",
                    [UInt64(count)],
                    data: data.flatMap { littleEndian($0.bitPattern) }
                )
            }
        }
        #expect(try file(4).config.layerAttention[1].rotary?.inverseFrequencies == [0.25])
        for factor in [0, -1, .nan, .infinity] as [Float] {
            #expect(throws: ModelFileError.self) { try file(factor) }
        }
        #expect(throws: ModelFileError.self) { try file(1, 2) }
    }

    @Test("keeps a window of GGUF, and takes 0 for none")
    func ggufWindow() throws {
        for (window, expected) in [(UInt32(7), Int?.some(7)), (0, nil)] {
            let file = try gguf("llama") {
                $0.set("llama.attention.sliding_window", .uint32(window))
            }
            #expect(file.config.layerAttention[0].window == expected)
        }
    }
}
