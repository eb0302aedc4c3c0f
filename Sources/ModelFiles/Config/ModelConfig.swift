/// The shapes and constants of a decoder-only transformer, as its file declares them.
///
/// All sizes are positive, multiply without overflow and agree with every tensor of the file.
public struct ModelConfig: Sendable, Equatable {
    /// What the file calls the layout of its layers.
    public internal(set) var architecture: String
    /// How the layers are built.
    public internal(set) var family: Architecture
    /// The model's own name, or nil when the file gives none.
    public internal(set) var name: String?
    /// SPDX name of the licence, or nil when the file gives none.
    public internal(set) var licence: String?

    // MARK: Sizes

    /// Decoder layers.
    public internal(set) var layerCount: Int
    /// Width of the residual stream.
    public internal(set) var hiddenSize: Int
    /// Query heads of a layer; of the widest where layers differ.
    public internal(set) var headCount: Int
    /// Key-value heads of a layer; divides `headCount`.
    public internal(set) var kvHeadCount: Int
    /// Width of one head.
    public internal(set) var headDimension: Int
    /// Intermediate channels of an MLP (`feed_forward_length`); of the widest where layers differ.
    public internal(set) var channelCount: Int
    /// Heads and channels of each layer, `[layerCount]`; nil: all layers are as wide.
    public internal(set) var layerWidths: [LayerWidths]?
    /// Tokens that the model knows.
    public internal(set) var vocabularySize: Int
    /// Positions that the model was trained on.
    public internal(set) var contextLength: Int

    // MARK: Embedding and positions

    /// Token embeddings are multiplied with this before the first layer; 1 but for Gemma.
    public internal(set) var embeddingScale: Float = 1
    /// How positions enter.
    public internal(set) var positions = PositionEncoding.rotary
    /// Base of the rotary embedding's frequencies in global layers; 0 with learned positions.
    public internal(set) var ropeTheta: Float = 0
    /// Dimensions of a head that are rotated; even and at most `headDimension`.
    public internal(set) var ropeDimensionCount = 0
    /// Window and rotation of each layer, `[layerCount]`.
    public internal(set) var layerAttention: [LayerAttention] = []

    // MARK: Layers

    /// Kind of every norm of hidden states.
    public internal(set) var norm = NormKind.rms
    /// Added to the mean square, or to the variance, in every norm.
    public internal(set) var normEpsilon: Float
    /// Added to every gain of a norm as the file stores it; 1 for Gemma's safetensors.
    public internal(set) var normGainOffset: Float = 0
    /// Whether `attn_q_norm` and `attn_k_norm` norm each head before it is rotated.
    public internal(set) var hasQueryKeyNorm = false
    /// Whether `post_attention_norm` and `post_ffw_norm` norm what a block adds to the residual.
    public internal(set) var hasPostNorms = false
    /// Products of queries and keys are multiplied with this.
    public internal(set) var attentionScale: Float = 1
    /// Which products have biases.
    public internal(set) var biases: Biases = []
    /// The MLP's function.
    public internal(set) var activation = Activation.silu
    /// Whether the MLP is `down(activation(gate(x)) * up(x))` rather than `down(activation(up(x)))`.
    public internal(set) var isGated = true

    // MARK: Tokens

    /// Whether the token embedding serves as the output head too.
    public internal(set) var tiesEmbeddings = false
    /// The token that starts a text, in `0..<vocabularySize`, or nil when there is none.
    public internal(set) var bosToken: Int?
    /// All tokens that end a text, each in `0..<vocabularySize`; `eosToken` first.
    public internal(set) var eosTokens: [Int] = []
    /// The token that fills a batch, in `0..<vocabularySize`, or nil when there is none.
    public internal(set) var padToken: Int?
    /// Whether the tokenizer puts `bosToken` in front of every text.
    public internal(set) var addsBOS = false

    /// The token that ends a text, in `0..<vocabularySize`, or nil when there is none.
    public var eosToken: Int? { eosTokens.first }

    /// Added to the mean square in every norm.
    public var rmsNormEpsilon: Float { normEpsilon }

    /// Heads and channels of one layer.
    public func widths(ofLayer layer: Int) -> LayerWidths {
        layerWidths?[layer] ?? LayerWidths(headCount: headCount, channelCount: channelCount)
    }

    /// The architectures that can be read.
    public static let supportedArchitectures = Architecture.allCases.map(\.rawValue)
}

/// The upper ends of what a file may declare; products of two of them fit 63 bits.
enum SizeLimit {
    static let layers = 1 << 10
    static let hiddenSize = 1 << 16
    static let channels = 1 << 20
    static let context = 1 << 24
    static let heads = 1 << 10
    static let headDimension = 1 << 12
    static let vocabulary = 1 << 22
}
