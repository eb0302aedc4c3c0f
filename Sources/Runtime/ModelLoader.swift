import Kernels
public import ModelFiles
public import ProbeScheduler
import Synchronization

/// Builds a `CausalLM` from a model file of any architecture that can be read.
///
/// What sets architectures apart is data: the parts that a layer has, and their constants.
///
/// Every matrix is dequantised row by row and stored once, in the format asked for; `down` and `o`
/// are transposed on the way, so that a channel is a contiguous row everywhere.
struct ModelLoader {
    let file: ModelFile
    /// How the matrices are stored.
    let plan: WeightPlan
    /// Kernels of the model; its workers also share the loading.
    let compute: Compute

    /// Where matrices are transposed.
    private let source: TransposeBuffer

    private var config: ModelConfig { file.config }

    /// - Parameters:
    ///   - file: The model's file.
    ///   - plan: How the matrices are stored.
    ///   - compute: Kernels of the model; its workers also share the loading.
    init(file: ModelFile, plan: WeightPlan, compute: Compute) {
        (self.file, self.plan, self.compute) = (file, plan, compute)
        source = TransposeBuffer(compute: compute)
    }

    /// - Parameter progress: Called after each layer with the number of layers loaded so far.
    /// - Returns: The network.
    /// - Throws: `ModelFileError` when a tensor cannot be read.
    func load(
        progress: (Int) -> Void
    ) throws(ModelFileError) -> CausalLM {
        try checkSupport()
        let embedding = try embedding()
        let (rotations, rotary) = RotaryEmbedding.all(for: config.layerAttention.map(\.rotary))
        var layers: [DecoderLayer] = []
        var norms: [PrunableBlock: ConsumerNorms] = [:]
        for index in 0..<config.layerCount {
            layers.append(try layer(index, rotary: rotary[index], norms: &norms))
            progress(index + 1)
        }
        return CausalLM(
            shape: config.shape,
            norms: norms,
            compute: compute,
            embedding: embedding,
            rotations: rotations,
            layers: layers,
            finalNorm: try norm("output_norm"),
            head: config.tiesEmbeddings
                ? embedding.tokens : try matrix("output.weight"),
            cacheFormat: plan.cacheFormat
        )
    }

    /// Refuses models that can be read but not run.
    private func checkSupport() throws(ModelFileError) {
        func require(_ holds: Bool, _ found: String, _ supported: String) throws(ModelFileError) {
            guard !holds else { return }
            throw .unsupportedArchitecture(
                path: file.path,
                found: "\(config.architecture) with \(found)",
                supported: [supported]
            )
        }
        try require(
            config.headDimension <= Self.largestHead,
            "heads of \(config.headDimension)",
            "heads of at most \(Self.largestHead)"
        )
        try require(
            !config.isGated || !config.biases.contains(.mlp),
            "biases in a gated MLP",
            "a gated MLP without biases"
        )
        try require(
            config.isGated == (config.activation != .relu),
            "\(config.activation) in \(config.isGated ? "a gated MLP" : "an MLP without gate")",
            "silu or gelu with a gate, or relu without"
        )
        try require(
            config.norm == .rms || !(config.hasPostNorms || config.hasQueryKeyNorm),
            "LayerNorm of heads or of a block's output",
            "RMSNorm there"
        )
    }

    /// The widest head that the attention kernels take.
    private static let largestHead = 512

    // MARK: - Parts

    private func embedding() throws(ModelFileError) -> Embedding {
        let tokens = try matrix("token_embd.weight")
        guard case .learned(let offset) = config.positions else {
            return Embedding(
                tokens: tokens,
                scale: config.embeddingScale,
                positions: nil,
                positionOffset: 0
            )
        }
        return Embedding(
            tokens: tokens,
            scale: config.embeddingScale,
            positions: try matrix("position_embd.weight"),
            positionOffset: offset
        )
    }

    private func layer(
        _ index: Int,
        rotary: RotaryEmbedding?,
        norms: inout [PrunableBlock: ConsumerNorms]
    ) throws(ModelFileError) -> DecoderLayer {
        let prefix = "blk.\(index)."
        let output = try transposed(prefix + "attn_output")
        let down = try transposed(prefix + "ffn_down")
        norms[.attention(layer: index)] = output.norms
        norms[.mlp(layer: index)] = down.norms
        return DecoderLayer(
            index: index,
            attentionNorm: try norm(prefix + "attn_norm"),
            attention: Attention(
                queryProjection: try linear(prefix + "attn_q"),
                keyProjection: try linear(prefix + "attn_k"),
                valueProjection: try linear(prefix + "attn_v"),
                outputProjection: output.linear,
                placement: HeadPlacement(
                    queryNorm: config.hasQueryKeyNorm ? try headNorm(prefix + "attn_q_norm") : nil,
                    keyNorm: config.hasQueryKeyNorm ? try headNorm(prefix + "attn_k_norm") : nil,
                    rotation: rotary?.rotation
                ),
                headCount: config.widths(ofLayer: index).headCount,
                kvHeadCount: config.kvHeadCount,
                headDimension: config.headDimension,
                scale: config.attentionScale,
                window: config.layerAttention[index].window
            ),
            attentionPostNorm: config.hasPostNorms
                ? try norm(prefix + "post_attention_norm") : nil,
            mlpNorm: try norm(prefix + "ffn_norm"),
            mlp: MLP(
                gateProjection: config.isGated ? try matrix(prefix + "ffn_gate.weight") : nil,
                upProjection: try linear(prefix + "ffn_up"),
                downProjection: down.linear,
                activation: config.activation == .geluTanh ? .gelu : .silu
            ),
            mlpPostNorm: config.hasPostNorms ? try norm(prefix + "post_ffw_norm") : nil
        )
    }

    private func norm(_ name: String) throws(ModelFileError) -> Norm {
        var gain = try vector(name + ".weight")
        if config.normGainOffset != 0 { gain = gain.map { $0 + config.normGainOffset } }
        return Norm(gain: gain, bias: try bias(name), epsilon: config.normEpsilon)
    }

    private func headNorm(_ name: String) throws(ModelFileError) -> HeadPlacement.Norm {
        let norm = try norm(name)
        return HeadPlacement.Norm(gain: norm.gain, epsilon: norm.epsilon)
    }

    private func linear(_ name: String) throws(ModelFileError) -> Linear {
        Linear(weight: try matrix(name + ".weight"), bias: try bias(name))
    }

    // MARK: - Tensors

    /// `ModelConfig` has checked that every tensor is there, and its shape.
    private func tensor(_ name: String) throws(ModelFileError) -> TensorInfo {
        guard let tensor = file.tensor(named: name) else {
            throw .missingTensor(path: file.path, tensor: name, expected: [])
        }
        return tensor
    }

    /// A file has the biases that its architecture has, and no others.
    private func bias(_ name: String) throws(ModelFileError) -> [Float]? {
        file.tensor(named: name + ".bias") == nil ? nil : try vector(name + ".bias")
    }

    private func vector(_ name: String) throws(ModelFileError) -> [Float] {
        let tensor = try tensor(name)
        var values = [Float](repeating: 0, count: tensor.dimensions[0])
        var span = values.mutableSpan
        try file.copyRow(0, of: tensor, into: &span)
        return values
    }

    private func matrix(_ name: String) throws(ModelFileError) -> WeightMatrix {
        let tensor = try tensor(name)
        return try WeightMatrix(
            format: plan.format(of: name),
            rowCount: tensor.dimensions[1],
            columnCount: tensor.dimensions[0],
            compute: compute
        ) { (row, span: inout MutableSpan<Float>) throws(ModelFileError) in
            try file.copyRow(row, of: tensor, into: &span)
            // What has been read of an embedding, often the largest matrix, need not stay mapped.
            if row % 4_096 == 4_095 { file.release() }
        }
    }

    /// Stores the tensor `[hidden, channels]` as `[channels, hidden]`, and measures its columns.
    private func transposed(
        _ name: String
    ) throws(ModelFileError) -> (linear: Linear, norms: ConsumerNorms) {
        let tensor = try tensor(name + ".weight")
        let (channels, hidden) = (tensor.dimensions[0], tensor.dimensions[1])
        // Rows of the file's matrix: columns of ours, thus each with its unit.
        try source.load(rowCount: hidden, columnCount: channels) {
            (row, span: inout MutableSpan<Float>) throws(ModelFileError) in
            try file.copyRow(row, of: tensor, into: &span)
        }
        let norms = Mutex(ConsumerNorms(channelCount: channels))
        let format = plan.format(of: tensor.name)
        let matrix = WeightMatrix(
            format: format,
            rowCount: channels,
            columnCount: hidden,
            columnUnits: source.rowUnits(format),
            compute: compute
        ) { channel, span in
            source.copyColumn(channel, into: &span)
            norms.withLock { $0.measure(channel: channel, weights: span.span) }
        }
        return (Linear(weight: matrix, bias: try bias(name)), norms.withLock { $0 })
    }
}

extension ModelConfig {
    /// The sizes that masks and accounts need.
    public var shape: ModelShape {
        ModelShape(
            layerCount: layerCount,
            hiddenSize: hiddenSize,
            headCount: headCount,
            kvHeadCount: kvHeadCount,
            headDimension: headDimension,
            channelCount: channelCount,
            isGated: isGated
        )
    }
}
