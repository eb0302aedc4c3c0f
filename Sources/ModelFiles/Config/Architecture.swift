/// A family of decoder-only transformers whose layers are built alike.
public enum Architecture: String, Sendable, CaseIterable {
    /// LLaMA 2 and 3, SmolLM2, TinyLlama and their kin.
    case llama
    /// Mistral: LLaMA with a sliding window. GGUF files of it call themselves llama.
    case mistral
    /// Qwen2 and Qwen2.5: biases on queries, keys and values.
    case qwen2
    /// Qwen3: norms of each head's queries and keys.
    case qwen3
    /// Gemma 3 (text): norms on both sides of each block, local and global layers.
    case gemma3
    /// Phi-3 and Phi-4: fused projections in the file.
    case phi3
    /// OPT: learned positions, LayerNorm, ReLU. No GGUF file has it.
    case opt

    /// The values of `general.architecture` that are read.
    static let gguf: [Architecture] = [.llama, .qwen2, .qwen3, .gemma3, .phi3]

    /// What `config.json` calls the family in `model_type`.
    var huggingFaceName: String { self == .gemma3 ? "gemma3_text" : rawValue }

    /// The function between an MLP's two halves.
    var activation: Activation {
        switch self {
        case .gemma3: .geluTanh
        case .opt: .relu
        default: .silu
        }
    }
}

/// The function that an MLP applies to its channels.
public enum Activation: Sendable, Equatable {
    /// `x * sigmoid(x)`.
    case silu
    /// GELU in its approximation by tanh.
    case geluTanh
    /// `max(x, 0)`.
    case relu
}

/// How hidden states are normalised.
public enum NormKind: Sendable, Equatable {
    /// Divides by the root of the mean square, multiplies with a gain.
    case rms
    /// Subtracts the mean, divides by the deviation, multiplies with a gain and adds a bias.
    case layer
}

/// How a token's position enters.
public enum PositionEncoding: Sendable, Equatable {
    /// Queries and keys are rotated; see `LayerAttention.rotary`.
    case rotary
    /// Row `position + offset` of `position_embd.weight` is added to the token's embedding.
    case learned(offset: Int)
}

/// Which products have a bias added.
public struct Biases: OptionSet, Sendable {
    /// The bits.
    public let rawValue: UInt8

    /// Takes bits apart.
    public init(rawValue: UInt8) {
        self.rawValue = rawValue
    }

    /// Query, key and value projections: `attn_q.bias`, `attn_k.bias`, `attn_v.bias`.
    public static let queryKeyValue = Biases(rawValue: 1)
    /// The output projection of attention: `attn_output.bias`.
    public static let attentionOutput = Biases(rawValue: 2)
    /// All projections of the MLP: `ffn_up.bias`, `ffn_down.bias` and, if gated, `ffn_gate.bias`.
    public static let mlp = Biases(rawValue: 4)
    /// The down projection of the MLP alone: `ffn_down.bias`.
    public static let down = Biases(rawValue: 8)
}
