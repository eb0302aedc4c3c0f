extension ModelConfig {
    /// Reads the metadata of a model, and checks it and every tensor's shape.
    ///
    /// - Throws: `ModelFileError` that names the key or the tensor.
    public init(_ gguf: GGUF) throws(ModelFileError) {
        try self.init(metadataOf: gguf)
        _ = try canonicalTensors(of: gguf, naming: .gguf)
    }

    /// Reads the metadata alone.
    init(metadataOf gguf: GGUF) throws(ModelFileError) {
        let architecture = try gguf.value("general.architecture", as: .string)
        let families = Architecture.gguf
        // DeciLM's layout is LLaMA's with widths of their own in every layer.
        let familyName = architecture == Self.layeredLlama ? "llama" : architecture
        guard let family = families.first(where: { $0.rawValue == familyName }) else {
            throw .unsupportedArchitecture(
                path: gguf.path,
                found: architecture,
                supported: families.map(\.rawValue) + [Self.layeredLlama]
            )
        }
        let keys = GGUFKeys(gguf: gguf, prefix: architecture)
        try keys.refuseVariants()
        let hiddenSize = try keys.size("embedding_length", upTo: SizeLimit.hiddenSize)
        let layerCount = try keys.size("block_count", upTo: SizeLimit.layers)
        let headCount = try keys.largestSize(
            "attention.head_count",
            layerCount: layerCount,
            upTo: SizeLimit.heads
        )
        let headDimension = try keys.headDimension(hiddenSize: hiddenSize, headCount: headCount)
        self.init(
            architecture: architecture,
            family: family,
            name: try gguf.valueIfPresent("general.name", as: .string),
            licence: try gguf.valueIfPresent("general.license", as: .string),
            layerCount: layerCount,
            hiddenSize: hiddenSize,
            headCount: headCount,
            kvHeadCount: try keys.kvHeadCount("attention.head_count_kv", headCount: headCount),
            headDimension: headDimension,
            channelCount: try keys.largestSize(
                "feed_forward_length",
                layerCount: layerCount,
                upTo: SizeLimit.channels
            ),
            vocabularySize: try keys.vocabularySize(),
            contextLength: try keys.size("context_length", upTo: SizeLimit.context),
            normEpsilon: try keys.positive("attention.layer_norm_rms_epsilon")
        )
        layerWidths = try LayerWidths.all(
            keys,
            layerCount: layerCount,
            kvHeadCount: kvHeadCount
        )
        applyFamily()
        // What a pruned model's removed channels did on average.
        if gguf.tensor(named: "blk.0.attn_output.bias") != nil { biases.insert(.attentionOutput) }
        if gguf.tensor(named: "blk.0.ffn_down.bias") != nil { biases.insert(.down) }
        try readAttention(keys)
        try readTokens(GGUFKeys(gguf: gguf, prefix: "tokenizer.ggml"))
        tiesEmbeddings = gguf.tensor(named: "output.weight") == nil
    }

    /// What llama.cpp calls LLaMA with widths of their own in every layer.
    public static let layeredLlama = "deci"

    /// What follows from the family alone, and stands in no file.
    mutating func applyFamily() {
        activation = family.activation
        hasQueryKeyNorm = family == .qwen3 || family == .gemma3
        hasPostNorms = family == .gemma3
        if family == .qwen2 { biases = .queryKeyValue }
        if family == .gemma3 { embeddingScale = Float(hiddenSize).squareRoot() }
        attentionScale = 1 / Float(headDimension).squareRoot()
    }

    private mutating func readAttention(_ keys: GGUFKeys) throws(ModelFileError) {
        ropeDimensionCount = try keys.ropeDimensionCount(headDimension: headDimension)
        ropeTheta = try keys.positive("rope.freq_base", default: 10000)
        let layout: RotaryParameters.Layout = family == .llama ? .interleaved : .halves
        let global = RotaryParameters(
            layout: layout,
            theta: ropeTheta,
            dimensionCount: ropeDimensionCount,
            scaling: try keys.scaling(pairCount: ropeDimensionCount / 2)
        )
        guard family == .gemma3 else {
            // Qwen's files name a window that their models are not run with.
            let isWindowed = family == .llama || family == .phi3
            let window = isWindowed ? try keys.integer("attention.sliding_window") : nil
            let used = window.flatMap { $0 > 0 ? $0 : nil }
            let layer = LayerAttention(window: used, rotary: global)
            layerAttention = Array(repeating: layer, count: layerCount)
            return
        }
        // The 27B model alone scales by the hidden size's share of a head; no key says so.
        if layerCount == 62 {
            attentionScale = 1 / (Float(hiddenSize) / Float(headCount)).squareRoot()
        }
        let window = try keys.size("attention.sliding_window", upTo: SizeLimit.context)
        let local = RotaryParameters(
            layout: layout,
            theta: try keys.positive("rope.freq_base_swa", default: 10000),
            dimensionCount: ropeDimensionCount,
            scaling: .none
        )
        layerAttention = (0..<layerCount).map { layer in
            (layer + 1) % Self.gemmaPattern == 0
                ? LayerAttention(window: nil, rotary: global)
                : LayerAttention(window: window, rotary: local)
        }
    }

    /// Of so many layers of Gemma 3, the last is global.
    static let gemmaPattern = 6

    private mutating func readTokens(_ keys: GGUFKeys) throws(ModelFileError) {
        bosToken = try keys.token("bos_token_id", vocabularySize: vocabularySize)
        padToken = try keys.token("padding_token_id", vocabularySize: vocabularySize)
        addsBOS = try keys.addsBOS(hasBOS: bosToken != nil)
        for name in ["eos_token_id", "eot_token_id"] {
            let token = try keys.token(name, vocabularySize: vocabularySize)
            if let token, !eosTokens.contains(token) { eosTokens.append(token) }
        }
    }
}
