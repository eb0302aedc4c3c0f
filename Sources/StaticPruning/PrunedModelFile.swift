public import ModelFiles
import ProbeScheduler
import Runtime

/// Writes a model without what a static plan removes, as GGUF.
///
/// Rows of gate, up and q are copied as they are stored. Columns of down and o are written as floats,
/// for blocks of quantised numbers run across them. Keys and values stay whole, so every key-value head
/// must serve as many query heads as every other: where a plan removes more from one group than from
/// another, removed heads stay in the file to fill the smaller group up, with zeros in o. The means that
/// a plan adds back become biases of o and down. Layers of different widths make a LLaMA file a DeciLM
/// one, which llama.cpp loads; of other families only this program loads such a file.
public struct PrunedModelFile {
    /// The model to prune.
    public let file: ModelFile
    /// What stays, and what stands in for the rest.
    public let plan: StaticPlan
    /// What the file says about its own making, by key.
    public let provenance: [String: String]

    private let gguf: GGUF
    private var config: ModelConfig { file.config }

    /// - Parameters:
    ///   - file: The model to prune: one GGUF file, or the parts of one.
    ///   - plan: Made for this model.
    ///   - provenance: Written to the metadata.
    /// - Throws: `StaticPruningError.unsupported` when there is no way to write it.
    public init(
        file: ModelFile,
        plan: StaticPlan,
        provenance: [String: String] = [:]
    ) throws(StaticPruningError) {
        func require(_ holds: Bool, _ reason: String) throws(StaticPruningError) {
            guard holds else { throw .unsupported(path: file.path, reason: reason) }
        }
        guard let gguf = file.gguf else {
            throw .unsupported(path: file.path, reason: "expected a GGUF file")
        }
        try require(file.config.layerWidths == nil, "its layers already differ in width")
        try require(file.config.family != .phi3, "its projections are stored as one")
        self.file = file
        self.plan = plan
        self.provenance = provenance
        self.gguf = gguf
    }

    /// The file to write.
    ///
    /// - Throws: `ModelFileError` when a tensor cannot be read.
    public func writer() throws(ModelFileError) -> GGUFFileWriter {
        let layers = (0..<config.layerCount).map { PrunedLayer($0, of: config.shape, plan: plan) }
        var tensors: [GGUFFileWriter.Tensor] = []
        for tensor in gguf.tensors {
            let parts = tensor.name.split(separator: ".", maxSplits: 2)
            guard parts.count == 3, parts[0] == "blk", let index = Int(parts[1]),
                layers.indices.contains(index)
            else {
                tensors.append(GGUFFileWriter.Tensor(tensor, of: gguf))
                continue
            }
            tensors += try prunedTensors(tensor, String(parts[2]), layers[index])
        }
        return GGUFFileWriter(metadata: metadata(layers), tensors: tensors)
    }

    // MARK: - Tensors

    private func prunedTensors(
        _ tensor: TensorInfo,
        _ part: String,
        _ layer: PrunedLayer
    ) throws(ModelFileError) -> [GGUFFileWriter.Tensor] {
        typealias Tensor = GGUFFileWriter.Tensor
        let prefix = "blk.\(layer.index)."
        switch part {
        case "attn_q.weight":
            return [Tensor(tensor, keepingRows: layer.queryRows, of: gguf)]
        case "attn_q.bias":
            let values = try row(0, of: tensor)
            return [
                Tensor(name: tensor.name, values: layer.queryRows.map { values[Int($0)] })
            ]
        case "ffn_gate.weight", "ffn_up.weight":
            return [Tensor(tensor, keepingRows: layer.channels, of: gguf)]
        case "attn_output.weight":
            return try consumer(
                tensor,
                columns: layer.outputColumns,
                block: .attention(layer: layer.index),
                biasName: prefix + "attn_output.bias"
            )
        case "ffn_down.weight":
            return try consumer(
                tensor,
                columns: layer.channels.map { $0 },
                block: .mlp(layer: layer.index),
                biasName: prefix + "ffn_down.bias"
            )
        case "attn_output.bias", "ffn_down.bias":
            // Written with the weight, where the plan compensates.
            return plan.expectedInputs.isEmpty ? [Tensor(tensor, of: gguf)] : []
        default:
            return [Tensor(tensor, of: gguf)]
        }
    }

    /// A consumer's weight and, where the plan compensates, its bias; all layers have one then.
    private func consumer(
        _ tensor: TensorInfo,
        columns: [Int32?],
        block: PrunableBlock,
        biasName: String
    ) throws(ModelFileError) -> [GGUFFileWriter.Tensor] {
        let keepsAll = plan.masks[block]?.keepsAll ?? true
        let weight =
            keepsAll
            ? GGUFFileWriter.Tensor(tensor, of: gguf)
            : GGUFFileWriter.Tensor(tensor, keepingColumns: columns, of: gguf)
        guard !plan.expectedInputs.isEmpty else { return [weight] }
        var bias = [Float](repeating: 0, count: tensor.rowCount)
        if let own = gguf.tensor(named: biasName) { bias = try row(0, of: own) }
        if !keepsAll, let expected = plan.expectedInputs[block] {
            let kept = Set(columns.compactMap(\.self))
            let removed = expected.means.indices.filter { !kept.contains(Int32($0)) }
            for output in bias.indices {
                let weights = try row(output, of: tensor)
                bias[output] += removed.reduce(Float(0)) { $0 + weights[$1] * expected.means[$1] }
            }
        }
        return [weight, GGUFFileWriter.Tensor(name: biasName, values: bias)]
    }

    private func row(_ index: Int, of tensor: TensorInfo) throws(ModelFileError) -> [Float] {
        var values = [Float](repeating: 0, count: tensor.columnCount)
        var span = values.mutableSpan
        try gguf.copyRow(index, of: tensor, into: &span)
        return values
    }

    // MARK: - Metadata

    private func metadata(_ layers: [PrunedLayer]) -> [String: MetadataValue] {
        let heads = layers.map(\.headCount)
        let channels = layers.map(\.channels.count)
        let isUniform = Set(heads).count == 1 && Set(channels).count == 1
        let isLayered = !isUniform && config.family == .llama
        let old = config.architecture
        let new = isLayered ? ModelConfig.layeredLlama : old
        var pairs: [String: MetadataValue] = [:]
        for (key, value) in gguf.metadata where !key.hasPrefix("split.") {
            pairs[key.hasPrefix(old + ".") ? new + key.dropFirst(old.count) : key] = value
        }
        pairs["general.architecture"] = .string(new)
        pairs["\(new).attention.head_count"] = Self.sizes(heads)
        pairs["\(new).feed_forward_length"] = Self.sizes(channels)
        // The width of a head no longer follows from the number of heads.
        for name in ["key_length", "value_length"] {
            pairs["\(new).attention.\(name)"] = .uint32(UInt32(config.headDimension))
        }
        for (key, text) in provenance { pairs["sonde.pruned.\(key)"] = .string(text) }
        return pairs
    }

    /// One number for all layers, or one a layer.
    private static func sizes(_ sizes: [Int]) -> MetadataValue {
        Set(sizes).count == 1
            ? .uint32(UInt32(sizes[0])) : .array(.int32(sizes.map { Int32($0) }))
    }
}
