import Foundation

@testable import ModelFiles

/// Models of two layers as Hugging Face lays them out, all zeros.
///
/// Hidden size 8, 4 heads and 2 key-value heads of width 2 (4 for Gemma), 6 channels, 5 tokens.
struct TinyHuggingFace {
    var config: [String: Any]
    var tensors: [(name: String, shape: [Int])]

    init(_ family: String) {
        config = [
            "model_type": family, "hidden_size": 8, "num_attention_heads": 4,
            "num_key_value_heads": 2, "num_hidden_layers": 2, "intermediate_size": 6,
            "vocab_size": 5, "max_position_embeddings": 16, "rms_norm_eps": 0.5,
            "bos_token_id": 1, "eos_token_id": 2,
        ]
        tensors = []
        guard family != "opt" else {
            config["ffn_dim"] = 6
            addOPT()
            return
        }
        let width = family == "gemma3_text" ? 4 : 2
        config["head_dim"] = width
        tensors = [("model.embed_tokens.weight", [5, 8]), ("model.norm.weight", [8])]
        if family != "gemma3_text" { tensors.append(("lm_head.weight", [5, 8])) }
        for layer in 0..<2 { addLayer("model.layers.\(layer).", family, headWidth: width) }
    }

    private mutating func addLayer(_ prefix: String, _ family: String, headWidth: Int) {
        func add(_ name: String, _ shape: [Int]) { tensors.append((prefix + name, shape)) }
        let (query, kv) = (4 * headWidth, 2 * headWidth)
        add("input_layernorm.weight", [8])
        add("post_attention_layernorm.weight", [8])
        add("self_attn.o_proj.weight", [8, query])
        add("mlp.down_proj.weight", [8, 6])
        guard family != "phi3" else {
            add("self_attn.qkv_proj.weight", [query + 2 * kv, 8])
            add("mlp.gate_up_proj.weight", [12, 8])
            return
        }
        add("mlp.gate_proj.weight", [6, 8])
        add("mlp.up_proj.weight", [6, 8])
        for (name, width) in [("q", query), ("k", kv), ("v", kv)] {
            add("self_attn.\(name)_proj.weight", [width, 8])
            if family == "qwen2" { add("self_attn.\(name)_proj.bias", [width]) }
        }
        if family == "qwen3" || family == "gemma3_text" {
            add("self_attn.q_norm.weight", [headWidth])
            add("self_attn.k_norm.weight", [headWidth])
        }
        if family == "gemma3_text" {
            add("pre_feedforward_layernorm.weight", [8])
            add("post_feedforward_layernorm.weight", [8])
        }
    }

    private mutating func addOPT() {
        let prefix = "model.decoder."
        tensors = [
            (prefix + "embed_tokens.weight", [5, 8]), (prefix + "embed_positions.weight", [18, 8]),
            (prefix + "final_layer_norm.weight", [8]), (prefix + "final_layer_norm.bias", [8]),
        ]
        let layerTensors: [(String, [Int])] = [
            ("self_attn_layer_norm", [8]), ("final_layer_norm", [8]), ("fc1", [6, 8]),
            ("fc2", [8, 6]), ("self_attn.q_proj", [8, 8]), ("self_attn.k_proj", [8, 8]),
            ("self_attn.v_proj", [8, 8]), ("self_attn.out_proj", [8, 8]),
        ]
        for layer in 0..<2 {
            for (name, shape) in layerTensors {
                let full = prefix + "layers.\(layer).\(name)"
                tensors += [(full + ".weight", shape), (full + ".bias", [shape[0]])]
            }
        }
    }

    /// Writes the folder's files; several shards get an index.
    func write(to folder: URL, shardCount: Int = 1) throws {
        try Self.write(config, to: folder.appending(path: "config.json"))
        var writers = [SafetensorsWriter](repeating: SafetensorsWriter(), count: shardCount)
        var map: [String: String] = [:]
        for (index, (name, shape)) in tensors.enumerated() {
            let shard = index % shardCount
            // Each number is the tensor's index and its place, so that rows can be told apart.
            let count = shape.reduce(1, *)
            let values = (0..<count).map { Float(index * 1000 + $0) }
            writers[shard].add(name, shape, data: values.flatMap { littleEndian($0.bitPattern) })
            map[name] = Self.shardName(shard, shardCount)
        }
        for (shard, writer) in writers.enumerated() {
            let url = folder.appending(path: Self.shardName(shard, shardCount))
            try Data(writer.bytes).write(to: url)
        }
        guard shardCount > 1 else { return }
        try Self.write(
            ["weight_map": map],
            to: folder.appending(path: "model.safetensors.index.json")
        )
    }

    static func shardName(_ shard: Int, _ count: Int) -> String {
        count == 1 ? "model.safetensors" : "model-0000\(shard + 1)-of-0000\(count).safetensors"
    }

    static func write(_ object: [String: Any], to url: URL) throws {
        try JSONSerialization.data(withJSONObject: object).write(to: url)
    }
}
