import Foundation

/// Writes the seeds of the corpus to the folder in the first argument.
@main
struct Seeds {
    static func main() throws {
        let folder = URL(filePath: CommandLine.arguments[1])
        for (name, bytes) in all {
            try Data(bytes).write(to: folder.appending(path: name))
        }
    }

    private static var all: [(String, [UInt8])] {
        var writer = SafetensorsWriter()
        let empty = writer.bytes
        writer.add("a", [2, 3])
        writer.add("b.weight", [4], type: "BF16", data: [UInt8](repeating: 1, count: 8))
        writer.add("c", [], type: "F16", data: [0, 0x3c])
        writer.add("d", [2], type: "F8_E4M3", data: [1, 2])
        return [
            ("empty", empty), ("tensors", writer.bytes), ("llama", Array(llama.utf8)),
            ("gemma", Array(gemma.utf8)), ("opt", Array(opt.utf8)),
        ]
    }

    private static let llama = """
        {"model_type": "llama", "hidden_size": 8, "num_attention_heads": 4, "vocab_size": 5,
        "num_key_value_heads": 2, "num_hidden_layers": 2, "intermediate_size": 6, "rope_theta": 1e4,
        "max_position_embeddings": 16, "eos_token_id": [1, 2], "rope_scaling": {"factor": 8.0,
        "rope_type": "llama3", "low_freq_factor": 1.0, "high_freq_factor": 4.0,
        "original_max_position_embeddings": 8}, "x": [true, false, null, "\\u00e4\\ud83d\\ude00"]}
        """

    private static let gemma = """
        {"model_type": "gemma3_text", "hidden_size": 8, "num_attention_heads": 4, "vocab_size": 5,
        "num_key_value_heads": 1, "num_hidden_layers": 2, "intermediate_size": 6, "head_dim": 4,
        "max_position_embeddings": 16, "sliding_window": 8,
        "layer_types": ["sliding_attention", "full_attention"],
        "rope_parameters": {"full_attention": {"rope_type": "linear", "factor": 8}}}
        """

    private static let opt = """
        {"model_type": "opt", "hidden_size": 8, "num_attention_heads": 4, "vocab_size": 5,
        "num_hidden_layers": 2, "ffn_dim": 6, "max_position_embeddings": 16}
        """
}
