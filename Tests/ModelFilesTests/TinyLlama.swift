/// A llama model of two layers that has every key and tensor it needs, all zeros.
///
/// Hidden size 8, 4 heads and 2 key-value heads of width 2, 6 channels, 5 tokens.
struct TinyLlama {
    var writer = GGUFWriter()

    init() {
        writer.add("general.architecture", .string("llama"))
        writer.add("general.name", .string("Tiny"))
        writer.add("general.license", .string("mit"))
        writer.add("llama.block_count", .uint32(2))
        writer.add("llama.context_length", .uint32(16))
        writer.add("llama.embedding_length", .uint32(8))
        writer.add("llama.feed_forward_length", .uint32(6))
        writer.add("llama.attention.head_count", .uint32(4))
        writer.add("llama.attention.head_count_kv", .uint32(2))
        writer.add("llama.attention.layer_norm_rms_epsilon", .float32(0.5))
        writer.add("llama.rope.dimension_count", .uint32(2))
        writer.add("llama.rope.freq_base", .float32(1000))
        writer.add("llama.vocab_size", .uint32(5))
        writer.add("tokenizer.ggml.model", .string("gpt2"))
        writer.add("tokenizer.ggml.tokens", .strings(["a", "b", "c", "d", "e"]))
        writer.add("tokenizer.ggml.bos_token_id", .uint32(1))
        writer.add("tokenizer.ggml.eos_token_id", .uint32(2))
        writer.add("tokenizer.ggml.padding_token_id", .uint32(4))
        writer.add("tokenizer.ggml.add_bos_token", .bool(true))
        writer.addTensor("token_embd.weight", [8, 5])
        for layer in 0..<2 {
            writer.addTensor("blk.\(layer).attn_norm.weight", [8])
            writer.addTensor("blk.\(layer).attn_q.weight", [8, 8])
            writer.addTensor("blk.\(layer).attn_k.weight", [8, 4])
            writer.addTensor("blk.\(layer).attn_v.weight", [8, 4])
            writer.addTensor("blk.\(layer).attn_output.weight", [8, 8])
            writer.addTensor("blk.\(layer).ffn_norm.weight", [8])
            writer.addTensor("blk.\(layer).ffn_gate.weight", [8, 6])
            writer.addTensor("blk.\(layer).ffn_up.weight", [8, 6])
            writer.addTensor("blk.\(layer).ffn_down.weight", [6, 8])
        }
        writer.addTensor("output_norm.weight", [8])
    }

    /// Gives the model another architecture, whose keys are the same.
    mutating func rename(to architecture: String) {
        for index in writer.metadata.indices {
            let key = writer.metadata[index].key
            guard key.hasPrefix("llama.") else { continue }
            writer.metadata[index].key = architecture + key.dropFirst(5)
        }
        set("general.architecture", .string(architecture))
    }

    /// Replaces a value, or adds it; nil takes the key away.
    mutating func set(_ key: String, _ value: GGUFWriter.Value?) {
        let index = writer.metadata.firstIndex { $0.key == key }
        switch (index, value) {
        case (let index?, let value?): writer.metadata[index].value = value
        case (let index?, nil): writer.metadata.remove(at: index)
        case (nil, let value?): writer.add(key, value)
        case (nil, nil): break
        }
    }

    /// Changes one tensor; nil takes it away.
    mutating func setTensor(_ name: String, _ dimensions: [UInt64]?, type: UInt32 = 0) {
        guard let index = writer.tensors.firstIndex(where: { $0.name == name }) else { return }
        let old = writer.tensors.remove(at: index)
        guard let dimensions else { return }
        var replacement = GGUFWriter()
        replacement.addTensor(old.name, dimensions, type: type)
        writer.tensors.insert(contentsOf: replacement.tensors, at: index)
    }
}
