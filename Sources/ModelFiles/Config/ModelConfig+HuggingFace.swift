import Foundation
import JSONText

extension ModelConfig {
    /// Reads the descriptions in a folder, and checks them and every tensor's shape.
    ///
    /// - Throws: `ModelFileError` that names the key or the tensor.
    public init(_ folder: HuggingFaceFolder) throws(ModelFileError) {
        try self.init(descriptionsIn: folder)
        _ = try canonicalTensors(of: folder, naming: .huggingFace)
    }

    /// Reads the descriptions alone.
    init(descriptionsIn folder: HuggingFaceFolder) throws(ModelFileError) {
        try self.init(
            folder.config,
            generation: folder.generation,
            tokenizer: folder.tokenizer,
            path: folder.path
        )
    }

    /// - Parameters:
    ///   - keys: `config.json`.
    ///   - generation: `generation_config.json`.
    ///   - tokenizer: `tokenizer_config.json`.
    ///   - path: The folder, which the model is named after.
    /// - Throws: `ModelFileError` that names the key.
    init(
        _ keys: HuggingFaceKeys,
        generation: HuggingFaceKeys,
        tokenizer: HuggingFaceKeys,
        path: String
    ) throws(ModelFileError) {
        let family = try Self.family(keys)
        try Self.refuseVariants(keys, family)
        let isOPT = family == .opt
        let hiddenSize = try keys.size("hidden_size", upTo: SizeLimit.hiddenSize)
        let headCount = try keys.size("num_attention_heads", upTo: SizeLimit.heads)
        let headDimension = try Self.headDimension(keys, family, hiddenSize, headCount)
        self.init(
            architecture: family.huggingFaceName,
            family: family,
            name: URL(filePath: path).lastPathComponent,
            licence: nil,
            layerCount: try keys.size("num_hidden_layers", upTo: SizeLimit.layers),
            hiddenSize: hiddenSize,
            headCount: headCount,
            kvHeadCount: isOPT
                ? headCount : try keys.kvHeadCount("num_key_value_heads", headCount: headCount),
            headDimension: headDimension,
            channelCount: try keys.size(
                isOPT ? "ffn_dim" : "intermediate_size",
                upTo: SizeLimit.channels
            ),
            vocabularySize: try keys.size("vocab_size", upTo: SizeLimit.vocabulary),
            contextLength: try keys.size("max_position_embeddings", upTo: SizeLimit.context),
            normEpsilon: isOPT ? 1e-5 : try keys.positive("rms_norm_eps", default: 1e-6)
        )
        applyFamily()
        try applyHuggingFace(keys)
        tiesEmbeddings =
            try keys.bool("tie_word_embeddings") ?? (family == .gemma3 || family == .opt)
        try readTokens(config: keys, generation: generation)
        addsBOS = try tokenizer.bool("add_bos_token") ?? false
        if bosToken == nil { addsBOS = false }
    }

    private static func family(_ keys: HuggingFaceKeys) throws(ModelFileError) -> Architecture {
        guard let name = try keys.string("model_type") else {
            throw .missingMetadata(path: keys.path, key: "model_type", expected: "string")
        }
        guard let family = Architecture.allCases.first(where: { $0.huggingFaceName == name })
        else {
            throw .unsupportedArchitecture(
                path: keys.path,
                found: name,
                supported: Architecture.allCases.map(\.huggingFaceName)
            )
        }
        return family
    }

    /// Refuses what would change the arithmetic.
    private static func refuseVariants(
        _ keys: HuggingFaceKeys,
        _ family: Architecture
    ) throws(ModelFileError) {
        if let value = keys.value("quantization_config") {
            throw keys.bad("quantization_config", expected: "none", found: value.kind)
        }
        for name in ["attn_logit_softcapping", "final_logit_softcapping"] {
            guard let cap = try keys.number(name), cap != 0 else { continue }
            throw keys.bad(name, expected: "none", found: "\(cap)")
        }
        try keys.require("use_bidirectional_attention", false)
        let activations: [String] =
            switch family.activation {
            case .silu: ["silu", "swish"]
            case .geluTanh: ["gelu_pytorch_tanh"]
            case .relu: ["relu"]
            }
        // Gemma's configurations carry a `hidden_act` that nothing reads.
        let name =
            switch family {
            case .gemma3: "hidden_activation"
            case .opt: "activation_function"
            default: "hidden_act"
            }
        try keys.require(name, oneOf: activations)
        guard family == .opt else { return }
        try keys.require("do_layer_norm_before", true)
        try keys.require("_remove_final_layer_norm", false)
        try keys.require("layer_norm_elementwise_affine", true)
        let hidden = try keys.integer("hidden_size")
        guard let width = try keys.integer("word_embed_proj_dim"), width != hidden else { return }
        throw keys.bad(
            "word_embed_proj_dim",
            expected: "\(hidden ?? 0), as hidden_size",
            found: "\(width)"
        )
    }

    private static func headDimension(
        _ keys: HuggingFaceKeys,
        _ family: Architecture,
        _ hiddenSize: Int,
        _ headCount: Int
    ) throws(ModelFileError) -> Int {
        let standard: Int? =
            switch family {
            case .qwen3: 128
            case .gemma3: 256
            default: nil
            }
        if keys.value("head_dim") != nil || standard != nil {
            return try keys.size("head_dim", upTo: SizeLimit.headDimension, default: standard)
        }
        return try keys.quotient(
            "num_attention_heads",
            hiddenSize: hiddenSize,
            headCount: headCount
        )
    }

    private mutating func applyHuggingFace(_ keys: HuggingFaceKeys) throws(ModelFileError) {
        switch family {
        case .llama, .mistral, .qwen3, .phi3, .gemma3:
            if try keys.bool("attention_bias") ?? false {
                biases.formUnion([.queryKeyValue, .attentionOutput])
            }
            if try keys.bool("mlp_bias") ?? false { biases.insert(.mlp) }
            if family == .gemma3 { try applyGemma(keys) }
        case .qwen2: break
        case .opt:
            norm = .layer
            isGated = false
            positions = .learned(offset: 2)
            if try keys.bool("enable_bias") ?? true {
                biases = [.queryKeyValue, .attentionOutput, .mlp]
            }
        }
        guard family != .opt else {
            let layer = LayerAttention(window: nil, rotary: nil)
            layerAttention = Array(repeating: layer, count: layerCount)
            return
        }
        guard !biases.contains(.attentionOutput) || family != .phi3 else {
            throw keys.bad("attention_bias", expected: "false", found: "true")
        }
        layerAttention = try HuggingFaceAttention(keys: keys, config: self).layers()
        let global = layerAttention.last { $0.window == nil } ?? layerAttention.last
        ropeTheta = global?.rotary?.theta ?? 0
        ropeDimensionCount = global?.rotary?.dimensionCount ?? 0
    }

    private mutating func applyGemma(_ keys: HuggingFaceKeys) throws(ModelFileError) {
        normGainOffset = 1
        let scalar = try keys.positive("query_pre_attn_scalar", default: 256)
        attentionScale = 1 / scalar.squareRoot()
    }

    private mutating func readTokens(
        config: HuggingFaceKeys,
        generation: HuggingFaceKeys
    ) throws(ModelFileError) {
        // What generation uses comes first; the architecture's description may be older.
        for keys in [generation, config] {
            for token in try keys.integers("eos_token_id") {
                let token = try keys.checked(token, "eos_token_id", vocabularySize: vocabularySize)
                if !eosTokens.contains(token) { eosTokens.append(token) }
            }
        }
        if eosTokens.isEmpty, family == .opt { eosTokens = [2].filter { $0 < vocabularySize } }
        let bos = [try config.integer("bos_token_id"), try generation.integer("bos_token_id")]
        if let bos = bos.compactMap({ $0 }).first {
            bosToken = try config.checked(bos, "bos_token_id", vocabularySize: vocabularySize)
        }
        // Some configurations write -1 for no such token.
        if let pad = try config.integer("pad_token_id"), pad >= 0 {
            padToken = try config.checked(pad, "pad_token_id", vocabularySize: vocabularySize)
        }
    }
}
