/// A tensor that an architecture needs, and where files keep it.
struct TensorRole {
    /// Whose names a file uses.
    enum Naming {
        case gguf, huggingFace
    }

    /// The canonical name, which is GGUF's for most.
    let name: String

    /// Sizes, the fastest dimension first.
    let shape: [Int]

    private let ggufName: String
    private let huggingFaceName: String

    /// The first of this tensor's rows in the stored tensor.
    let firstRow: Int

    /// Sizes of the stored tensor, which may hold several tensors' rows.
    let storedShape: [Int]

    /// A tensor that is stored by itself.
    init(_ name: String, _ huggingFaceName: String, _ shape: [Int]) {
        self.name = name
        self.shape = shape
        ggufName = name
        self.huggingFaceName = huggingFaceName
        firstRow = 0
        storedShape = shape
    }

    /// A tensor whose rows are some of those of a fused one.
    init(
        _ name: String,
        _ shape: [Int],
        from fused: (gguf: String, huggingFace: String),
        firstRow: Int,
        of rowCount: Int
    ) {
        self.name = name
        self.shape = shape
        ggufName = fused.gguf
        huggingFaceName = fused.huggingFace
        self.firstRow = firstRow
        storedShape = [shape[0], rowCount]
    }

    /// The stored tensor's name.
    func storedName(_ naming: Naming) -> String {
        switch naming {
        case .gguf: ggufName
        case .huggingFace: huggingFaceName
        }
    }
}

/// The one table of tensors and their names: for every canonical tensor its name in Hugging Face's
/// files, less `model.` and `decoder.`.
extension ModelConfig {
    /// All tensors of the model.
    var tensorRoles: [TensorRole] {
        modelRoles + (0..<layerCount).flatMap { attentionRoles($0) + mlpRoles($0) }
    }

    private var modelRoles: [TensorRole] {
        let embedding = [hiddenSize, vocabularySize]
        var roles = [TensorRole("token_embd.weight", "embed_tokens.weight", embedding)]
        if case .learned(let offset) = positions {
            let shape = [hiddenSize, contextLength + offset]
            roles.append(TensorRole("position_embd.weight", "embed_positions.weight", shape))
        }
        roles += normRoles("output_norm", norm == .layer ? "final_layer_norm" : "norm")
        if !tiesEmbeddings {
            roles.append(TensorRole("output.weight", "lm_head.weight", embedding))
        }
        return roles
    }

    private func attentionRoles(_ layer: Int) -> [TensorRole] {
        let (to, from) = ("blk.\(layer).", "layers.\(layer).")
        let isOPT = family == .opt
        let queryWidth = widths(ofLayer: layer).headCount * headDimension
        var roles = normRoles(
            to + "attn_norm",
            from + (isOPT ? "self_attn_layer_norm" : "input_layernorm")
        )
        roles += projectionRoles(to, from, queryWidth: queryWidth)
        if hasQueryKeyNorm {
            for (name, source) in [("attn_q_norm", "q_norm"), ("attn_k_norm", "k_norm")] {
                roles.append(
                    TensorRole(
                        to + name + ".weight",
                        from + "self_attn.\(source).weight",
                        [headDimension]
                    )
                )
            }
        }
        roles += productRoles(
            to + "attn_output",
            from + (isOPT ? "self_attn.out_proj" : "self_attn.o_proj"),
            [queryWidth, hiddenSize],
            hasBias: biases.contains(.attentionOutput)
        )
        if hasPostNorms {
            roles += normRoles(to + "post_attention_norm", from + "post_attention_layernorm")
        }
        return roles
    }

    /// Query, key and value.
    private func projectionRoles(
        _ to: String,
        _ from: String,
        queryWidth: Int
    ) -> [TensorRole] {
        let kvWidth = kvHeadCount * headDimension
        guard family == .phi3 else {
            let all = [("q", queryWidth), ("k", kvWidth), ("v", kvWidth)]
            return all.flatMap { name, width in
                productRoles(
                    to + "attn_\(name)",
                    from + "self_attn.\(name)_proj",
                    [hiddenSize, width],
                    hasBias: biases.contains(.queryKeyValue)
                )
            }
        }
        let fused = (to + "attn_qkv.weight", from + "self_attn.qkv_proj.weight")
        let all = [
            ("q", queryWidth, 0), ("k", kvWidth, queryWidth), ("v", kvWidth, queryWidth + kvWidth),
        ]
        return all.map { name, width, firstRow in
            TensorRole(
                to + "attn_\(name).weight",
                [hiddenSize, width],
                from: fused,
                firstRow: firstRow,
                of: queryWidth + 2 * kvWidth
            )
        }
    }

    private func mlpRoles(_ layer: Int) -> [TensorRole] {
        let (to, from) = ("blk.\(layer).", "layers.\(layer).")
        let channelCount = widths(ofLayer: layer).channelCount
        let (up, down) = ([hiddenSize, channelCount], [channelCount, hiddenSize])
        let hasBias = biases.contains(.mlp)
        let normName =
            switch family {
            case .opt: "final_layer_norm"
            case .gemma3: "pre_feedforward_layernorm"
            default: "post_attention_layernorm"
            }
        var roles = normRoles(to + "ffn_norm", from + normName)
        switch family {
        case .opt:
            roles += productRoles(to + "ffn_up", from + "fc1", up, hasBias: hasBias)
            roles += productRoles(to + "ffn_down", from + "fc2", down, hasBias: hasBias)
            return roles
        case .phi3:
            let fused = (to + "ffn_up.weight", from + "mlp.gate_up_proj.weight")
            for (name, firstRow) in [("ffn_gate", 0), ("ffn_up", channelCount)] {
                roles.append(
                    TensorRole(
                        to + name + ".weight",
                        up,
                        from: fused,
                        firstRow: firstRow,
                        of: 2 * channelCount
                    )
                )
            }
        default:
            roles += productRoles(to + "ffn_gate", from + "mlp.gate_proj", up, hasBias: hasBias)
            roles += productRoles(to + "ffn_up", from + "mlp.up_proj", up, hasBias: hasBias)
        }
        roles += productRoles(
            to + "ffn_down",
            from + "mlp.down_proj",
            down,
            hasBias: hasBias || biases.contains(.down)
        )
        if hasPostNorms {
            roles += normRoles(to + "post_ffw_norm", from + "post_feedforward_layernorm")
        }
        return roles
    }

    /// A norm's gain and, for LayerNorm, its bias.
    private func normRoles(_ name: String, _ source: String) -> [TensorRole] {
        productRoles(name, source, [hiddenSize], hasBias: norm == .layer)
    }

    /// A weight and, if there is one, the bias of as many numbers as the weight has rows.
    private func productRoles(
        _ name: String,
        _ source: String,
        _ shape: [Int],
        hasBias: Bool
    ) -> [TensorRole] {
        var roles = [TensorRole(name + ".weight", source + ".weight", shape)]
        if hasBias {
            roles.append(TensorRole(name + ".bias", source + ".bias", Array(shape.suffix(1))))
        }
        return roles
    }
}
