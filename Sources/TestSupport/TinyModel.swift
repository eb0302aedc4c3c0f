public import Foundation
import Kernels
public import Runtime

/// A model of five layers with seeded weights and one token a byte: it says nothing sensible, fast.
public enum TinyModel {
    private static let hiddenSize = 64
    private static let headCount = 4
    private static let kvHeadCount = 2
    private static let headDimension = 16
    private static let channelCount = 256
    private static let layerCount = 5
    private static let specialTokens = ["<pad>", "<s>", "</s>"]
    private static let vocabularySize = 256 + specialTokens.count

    /// The first id of a byte; byte `b` is token `firstByteToken + b`.
    public static let firstByteToken: Int32 = 3

    /// Positions that the model knows.
    public static let contextLength = 512

    /// Loads the model by way of a folder as Hugging Face lays it out.
    ///
    /// - Parameter threadCount: Worker threads.
    /// - Returns: The model; the same for every call.
    /// - Throws: When the folder cannot be written or read.
    public static func load(threadCount: Int = 1) throws -> LoadedModel {
        let folder = FileManager.default.temporaryDirectory
            .appending(path: "tiny-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try write(to: folder)
        return try LoadedModel(path: folder.path, compute: try Compute(threadCount: threadCount))
    }

    /// Writes the model's folder.
    public static func write(to folder: URL) throws {
        let config: [String: Any] = [
            "model_type": "llama", "vocab_size": vocabularySize, "hidden_size": hiddenSize,
            "num_hidden_layers": layerCount, "max_position_embeddings": contextLength,
            "bos_token_id": 1, "eos_token_id": 2, "intermediate_size": channelCount,
            "num_attention_heads": headCount, "num_key_value_heads": kvHeadCount,
            "head_dim": headDimension, "rms_norm_eps": 1e-5, "tie_word_embeddings": false,
            "rope_theta": 10_000.0,
        ]
        try JSONSerialization.data(withJSONObject: config)
            .write(to: folder.appending(path: "config.json"))
        try weights().write(to: folder.appending(path: "model.safetensors"))
        try JSONSerialization.data(withJSONObject: tokenizer)
            .write(to: folder.appending(path: "tokenizer.json"))
        let settings: [String: Any] = [
            "bos_token": "<s>", "eos_token": "</s>", "add_bos_token": true,
            "chat_template":
                "{% for m in messages %}[{{ m['role'] }}] {{ m['content'] }}\n{% endfor %}",
        ]
        try JSONSerialization.data(withJSONObject: settings)
            .write(to: folder.appending(path: "tokenizer_config.json"))
    }

    // MARK: - Parts

    private static var tensors: [(name: String, shape: [Int], scale: Float, offset: Float)] {
        let (query, keyValue) = (headCount * headDimension, kvHeadCount * headDimension)
        var tensors: [(name: String, shape: [Int], scale: Float, offset: Float)] = [
            ("model.embed_tokens.weight", [vocabularySize, hiddenSize], 1, 0),
            ("lm_head.weight", [vocabularySize, hiddenSize], 0.5, 0),
            ("model.norm.weight", [hiddenSize], 0.25, 1),
        ]
        for layer in 0..<layerCount {
            let prefix = "model.layers.\(layer)."
            tensors += [
                (prefix + "self_attn.q_proj.weight", [query, hiddenSize], 0.25, 0),
                (prefix + "self_attn.k_proj.weight", [keyValue, hiddenSize], 0.25, 0),
                (prefix + "self_attn.v_proj.weight", [keyValue, hiddenSize], 0.25, 0),
                (prefix + "self_attn.o_proj.weight", [hiddenSize, query], 0.25, 0),
                (prefix + "mlp.gate_proj.weight", [channelCount, hiddenSize], 0.25, 0),
                (prefix + "mlp.up_proj.weight", [channelCount, hiddenSize], 0.25, 0),
                (prefix + "mlp.down_proj.weight", [hiddenSize, channelCount], 0.12, 0),
                (prefix + "input_layernorm.weight", [hiddenSize], 0.25, 1),
                (prefix + "post_attention_layernorm.weight", [hiddenSize], 0.25, 1),
            ]
        }
        return tensors
    }

    /// A safetensors file of 32-bit floats, uniform around each tensor's offset.
    private static func weights() throws -> Data {
        var random = SplitMix64(seed: 17)
        var header: [String: Any] = [:]
        var contents = Data()
        for tensor in tensors {
            let start = contents.count
            for _ in 0..<tensor.shape.reduce(1, *) {
                let uniform = Float(random.next() >> 40) * 0x1p-23 - 1
                let bits = (uniform * tensor.scale + tensor.offset).bitPattern
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
        return Data(length) + json + contents
    }

    /// Byte-level BPE without merges.
    private static var tokenizer: [String: Any] {
        var vocabulary: [String: Int] = [:]
        for (id, name) in specialTokens.enumerated() { vocabulary[name] = id }
        for (byte, letter) in byteAlphabet.enumerated() {
            vocabulary[letter] = Int(firstByteToken) + byte
        }
        return [
            "model": ["type": "BPE", "vocab": vocabulary, "merges": [String]()],
            "pre_tokenizer": ["type": "ByteLevel", "add_prefix_space": false, "use_regex": false],
            "decoder": ["type": "ByteLevel"],
            "added_tokens": specialTokens.enumerated().map { id, name in
                ["id": id, "content": name, "special": true] as [String: Any]
            },
        ]
    }

    /// The letter that byte-level tokenizers write for each byte: itself where it can be seen.
    private static var byteAlphabet: [String] {
        var hidden: UInt32 = 256
        return (0..<256 as Range<UInt32>).map { byte in
            let isVisible =
                (0x21...0x7e).contains(byte) || (0xa1...0xac).contains(byte) || byte >= 0xae
            defer { if !isVisible { hidden += 1 } }
            return Unicode.Scalar(isVisible ? byte : hidden).map(String.init) ?? ""
        }
    }
}
