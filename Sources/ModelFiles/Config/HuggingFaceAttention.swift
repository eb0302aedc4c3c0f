/// Reads windows and rotations of the layers from `config.json`.
struct HuggingFaceAttention {
    let keys: HuggingFaceKeys
    let config: ModelConfig

    func layers() throws(ModelFileError) -> [LayerAttention] {
        let dimensionCount = try dimensionCount()
        // Newer files hold one set of parameters, or one for each type of layer.
        let nested = try keys.child("rope_parameters")
        let full = try nested?.child("full_attention")
        let older = try keys.child("rope_scaling")
        let global = try rotary(
            full ?? nested ?? older,
            theta: "rope_theta",
            standard: config.family == .gemma3 ? 1_000_000 : 10_000,
            dimensionCount
        )
        guard let window = try window() else {
            return Array(
                repeating: LayerAttention(window: nil, rotary: global),
                count: config.layerCount
            )
        }
        let local =
            config.family == .gemma3
            ? try rotary(
                nested?.child("sliding_attention"),
                theta: "rope_local_base_freq",
                standard: 10_000,
                dimensionCount
            ) : global
        let isLocal = try isLocal()
        return isLocal.map {
            LayerAttention(window: $0 ? window : nil, rotary: $0 ? local : global)
        }
    }

    private func dimensionCount() throws(ModelFileError) -> Int {
        let share = try keys.positive("partial_rotary_factor", default: 1)
        let count = Int(Float(config.headDimension) * min(share, 1))
        guard share <= 1, count >= 2, count % 2 == 0 else {
            throw keys.bad(
                "partial_rotary_factor",
                expected: "an even share of the \(config.headDimension) dimensions of a head",
                found: "\(share)"
            )
        }
        return count
    }

    /// The rotation that `scaling` describes: type, factors and, in newer files, the base, which
    /// older files have under the key `theta`.
    private func rotary(
        _ scaling: HuggingFaceKeys?,
        theta: String,
        standard: Double,
        _ dimensionCount: Int
    ) throws(ModelFileError) -> RotaryParameters {
        let hasOwn = scaling?.value("rope_theta") != nil
        let base = hasOwn ? "rope_theta" : theta
        return RotaryParameters(
            layout: .halves,
            theta: try (hasOwn ? scaling ?? keys : keys).positive(base, default: standard),
            dimensionCount: dimensionCount,
            scaling: try self.scaling(scaling)
        )
    }

    private func scaling(
        _ keys: HuggingFaceKeys?
    ) throws(ModelFileError) -> RotaryParameters.Scaling {
        guard let keys else { return .none }
        let name = keys.value("rope_type") != nil ? "rope_type" : "type"
        switch try keys.string(name) ?? "default" {
        case "default": return .none
        case "linear": return .linear(try keys.positive("factor"))
        case "llama3":
            let low = try keys.positive("low_freq_factor")
            let high = try keys.positive("high_freq_factor")
            guard low < high else {
                throw keys.bad(
                    "high_freq_factor",
                    expected: "more than low_freq_factor \(low)",
                    found: "\(high)"
                )
            }
            return .llama3(
                factor: try keys.positive("factor"),
                low: low,
                high: high,
                originalContextLength: try keys.size(
                    "original_max_position_embeddings",
                    upTo: SizeLimit.context
                )
            )
        case let type:
            throw keys.bad(name, expected: "default, linear or llama3", found: type)
        }
    }

    /// Tokens that a token sees in local layers; nil when all layers are global.
    private func window() throws(ModelFileError) -> Int? {
        let name = "sliding_window"
        switch config.family {
        case .llama, .opt: return nil
        case .qwen2, .qwen3:
            guard try keys.bool("use_sliding_window") ?? false else { return nil }
        // Configurations that leave the key out mean the first Mistral.
        case .mistral where !keys.contains(name): return 4096
        case .gemma3: return try keys.size(name, upTo: SizeLimit.context, default: 4096)
        case .mistral, .phi3: break
        }
        guard keys.value(name) != nil else { return nil }
        return try keys.size(name, upTo: SizeLimit.context)
    }

    /// Which layers are local, given that there is a window.
    private func isLocal() throws(ModelFileError) -> [Bool] {
        let count = config.layerCount
        if let types = try keys.strings("layer_types") {
            let known = ["sliding_attention", "full_attention"]
            guard types.count == count, types.allSatisfy(known.contains) else {
                throw keys.bad(
                    "layer_types",
                    expected: "\(count) of \(known.joined(separator: " and "))",
                    found: "\(types.count): \(Set(types).sorted().joined(separator: ", "))"
                )
            }
            return types.map { $0 == "sliding_attention" }
        }
        switch config.family {
        case .gemma3:
            let pattern = try keys.size(
                "sliding_window_pattern",
                upTo: SizeLimit.layers,
                default: ModelConfig.gemmaPattern
            )
            return (1...count).map { $0 % pattern != 0 }
        case .qwen2, .qwen3:
            let first = try keys.integer("max_window_layers") ?? 28
            return (0..<count).map { $0 >= first }
        default: return Array(repeating: true, count: count)
        }
    }
}
