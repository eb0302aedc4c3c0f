/// The shapes and constants of a decoder-only transformer, as its file declares them.
///
/// All sizes are positive, multiply without overflow and agree with every tensor of the file.
public struct ModelConfig: Sendable, Equatable {
    /// What the file calls the layout of its layers; `llama` is the one supported.
    public let architecture: String
    /// The model's own name, or nil when the file gives none.
    public let name: String?
    /// SPDX name of the licence, or nil when the file gives none.
    public let licence: String?
    /// Decoder layers.
    public let layerCount: Int
    /// Width of the residual stream.
    public let hiddenSize: Int
    /// Query heads of a layer.
    public let headCount: Int
    /// Key-value heads of a layer; divides `headCount`.
    public let kvHeadCount: Int
    /// Width of one head.
    public let headDimension: Int
    /// Intermediate channels of an MLP (`feed_forward_length`).
    public let channelCount: Int
    /// Tokens that the model knows.
    public let vocabularySize: Int
    /// Positions that the model was trained on.
    public let contextLength: Int
    /// Base of the rotary embedding's frequencies.
    public let ropeTheta: Float
    /// Dimensions of a head that are rotated; even and at most `headDimension`.
    public let ropeDimensionCount: Int
    /// Added to the mean square in every norm.
    public let rmsNormEpsilon: Float
    /// Whether the token embedding serves as the output head too.
    public let tiesEmbeddings: Bool
    /// The token that starts a text, in `0..<vocabularySize`, or nil when there is none.
    public let bosToken: Int?
    /// The token that ends a text, in `0..<vocabularySize`, or nil when there is none.
    public let eosToken: Int?
    /// The token that fills a batch, in `0..<vocabularySize`, or nil when there is none.
    public let padToken: Int?
    /// Whether the tokenizer puts `bosToken` in front of every text.
    public let addsBOS: Bool

    /// The values that `general.architecture` may have.
    public static let supportedArchitectures = ["llama"]

    /// Reads the metadata of a model, and checks it and every tensor's shape.
    ///
    /// - Throws: `ModelFileError` that names the key or the tensor.
    public init(_ gguf: GGUF) throws(ModelFileError) {
        architecture = try gguf.value("general.architecture", as: .string)
        guard Self.supportedArchitectures.contains(architecture) else {
            throw .unsupportedArchitecture(
                path: gguf.path,
                found: architecture,
                supported: Self.supportedArchitectures
            )
        }
        name = try gguf.valueIfPresent("general.name", as: .string)
        licence = try gguf.valueIfPresent("general.license", as: .string)

        let keys = ConfigKeys(gguf: gguf, prefix: architecture)
        try keys.refuseVariants()
        layerCount = try keys.size("block_count", upTo: 1 << 10)
        hiddenSize = try keys.size("embedding_length", upTo: 1 << 16)
        channelCount = try keys.size("feed_forward_length", upTo: 1 << 20)
        contextLength = try keys.size("context_length", upTo: 1 << 24)
        headCount = try keys.size("attention.head_count", upTo: 1 << 10)
        kvHeadCount = try keys.size(
            "attention.head_count_kv",
            upTo: headCount,
            default: headCount
        )
        headDimension = try keys.headDimension(hiddenSize: hiddenSize, headCount: headCount)
        try keys.checkGrouping(headCount: headCount, kvHeadCount: kvHeadCount)
        ropeDimensionCount = try keys.ropeDimensionCount(headDimension: headDimension)
        ropeTheta = try keys.positive("rope.freq_base", default: 10000)
        rmsNormEpsilon = try keys.positive("attention.layer_norm_rms_epsilon")
        vocabularySize = try keys.vocabularySize()
        bosToken = try keys.token("bos_token_id", vocabularySize: vocabularySize)
        eosToken = try keys.token("eos_token_id", vocabularySize: vocabularySize)
        padToken = try keys.token("padding_token_id", vocabularySize: vocabularySize)
        addsBOS = try keys.addsBOS(hasBOS: bosToken != nil)
        tiesEmbeddings = gguf.tensor(named: "output.weight") == nil
        try checkTensors(of: gguf)
    }
}
