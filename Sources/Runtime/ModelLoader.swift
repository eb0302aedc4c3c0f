import Kernels
public import ModelFiles
public import ProbeScheduler
import Synchronization

/// Builds a `CausalLM` from a GGUF file of the LLaMA architecture.
///
/// Every matrix is dequantised row by row and stored once, in the format asked for; `down` and `o`
/// are transposed on the way, so that a channel is a contiguous row everywhere.
struct ModelLoader {
    let file: GGUF
    let config: ModelConfig
    /// How the linear weights are stored.
    ///
    /// With int4, the embedding and the head stay int8, for they touch every token, and so do `o` and
    /// `down`: a file's 4-bit blocks run across their channels, so that storing them by channel rounds
    /// them a second time.
    let format: WeightFormat
    /// Kernels of the model; its workers also share the loading.
    let compute: Compute

    /// - Parameter progress: Called after each layer with the number of layers loaded so far.
    /// - Returns: The network.
    /// - Throws: `ModelFileError` when a tensor cannot be read.
    func load(
        progress: (Int) -> Void
    ) throws(ModelFileError) -> CausalLM {
        try checkSupport()
        let embedding = try matrix("token_embd.weight", format: fineFormat)
        var layers: [DecoderLayer] = []
        var norms: [PrunableBlock: ConsumerNorms] = [:]
        for index in 0..<config.layerCount {
            layers.append(try layer(index, norms: &norms))
            progress(index + 1)
        }
        return CausalLM(
            shape: config.shape,
            norms: norms,
            compute: compute,
            embedding: embedding,
            layers: layers,
            finalNorm: RMSNorm(gain: try vector("output_norm.weight"), epsilon: epsilon),
            head: config.tiesEmbeddings
                ? embedding : try matrix("output.weight", format: fineFormat)
        )
    }

    /// Refuses models that can be read but not run yet.
    private func checkSupport() throws(ModelFileError) {
        let isPlain = config.layerAttention.allSatisfy {
            $0.window == nil && $0.rotary?.scaling == RotaryParameters.Scaling.none
        }
        guard config.family == .llama, isPlain else {
            throw .unsupportedArchitecture(
                path: file.path,
                found: config.architecture,
                supported: ["llama without window and stretched rotation"]
            )
        }
    }

    // MARK: - Parts

    private func layer(
        _ index: Int,
        norms: inout [PrunableBlock: ConsumerNorms]
    ) throws(ModelFileError) -> DecoderLayer {
        let prefix = "blk.\(index)."
        let output = try transposed(prefix + "attn_output.weight")
        let down = try transposed(prefix + "ffn_down.weight")
        norms[.attention(layer: index)] = output.norms
        norms[.mlp(layer: index)] = down.norms
        return DecoderLayer(
            index: index,
            inputNorm: RMSNorm(gain: try vector(prefix + "attn_norm.weight"), epsilon: epsilon),
            attention: Attention(
                queryProjection: try matrix(prefix + "attn_q.weight"),
                keyProjection: try matrix(prefix + "attn_k.weight"),
                valueProjection: try matrix(prefix + "attn_v.weight"),
                outputProjection: output.matrix,
                rotary: RotaryEmbedding(
                    headDimension: config.headDimension,
                    rotatedDimension: config.ropeDimensionCount,
                    theta: Double(config.ropeTheta)
                ),
                headCount: config.headCount,
                kvHeadCount: config.kvHeadCount
            ),
            postAttentionNorm: RMSNorm(
                gain: try vector(prefix + "ffn_norm.weight"),
                epsilon: epsilon
            ),
            mlp: MLP(
                gateProjection: try matrix(prefix + "ffn_gate.weight"),
                upProjection: try matrix(prefix + "ffn_up.weight"),
                downProjection: down.matrix
            )
        )
    }

    private var epsilon: Float { Float(config.rmsNormEpsilon) }

    // MARK: - Tensors

    /// `ModelConfig` has checked that every tensor is there, and its shape.
    private func tensor(_ name: String) throws(ModelFileError) -> TensorInfo {
        guard let tensor = file.tensor(named: name) else {
            throw .missingTensor(path: file.path, tensor: name, expected: [])
        }
        return tensor
    }

    private func vector(_ name: String) throws(ModelFileError) -> [Float] {
        let tensor = try tensor(name)
        var values = [Float](repeating: 0, count: tensor.dimensions[0])
        var span = values.mutableSpan
        try file.copyRow(0, of: tensor, into: &span)
        return values
    }

    /// The format of what int4 would harm most.
    private var fineFormat: WeightFormat { format == .int4 ? .int8 : format }

    private func matrix(
        _ name: String,
        format: WeightFormat? = nil
    ) throws(ModelFileError) -> WeightMatrix {
        let tensor = try tensor(name)
        return try WeightMatrix(
            format: format ?? self.format,
            rowCount: tensor.dimensions[1],
            columnCount: tensor.dimensions[0],
            compute: compute
        ) { (row, span: inout MutableSpan<Float>) throws(ModelFileError) in
            try file.copyRow(row, of: tensor, into: &span)
        }
    }

    /// Stores the tensor `[hidden, channels]` as `[channels, hidden]`, and measures its columns.
    private func transposed(
        _ name: String
    ) throws(ModelFileError) -> (matrix: WeightMatrix, norms: ConsumerNorms) {
        let tensor = try tensor(name)
        let (channels, hidden) = (tensor.dimensions[0], tensor.dimensions[1])
        // Rows of the file's matrix: columns of ours, thus each with its unit.
        let source = try WeightMatrix(
            format: .f32,
            rowCount: hidden,
            columnCount: channels,
            compute: compute
        ) { (row, span: inout MutableSpan<Float>) throws(ModelFileError) in
            try file.copyRow(row, of: tensor, into: &span)
        }
        let norms = Mutex(ConsumerNorms(channelCount: channels))
        let matrix = WeightMatrix(
            format: fineFormat,
            rowCount: channels,
            columnCount: hidden,
            columnUnits: source.rowUnits(compute: compute),
            compute: compute
        ) { channel, span in
            source.copyColumn(channel, into: &span)
            norms.withLock { $0.measure(channel: channel, weights: span.span) }
        }
        return (matrix, norms.withLock { $0 })
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
            channelCount: channelCount
        )
    }
}
