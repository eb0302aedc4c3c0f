public import Kernels
public import ProbeScheduler

/// A decoder-only language model: embedding, layers, final norm, output head.
public struct CausalLM: Sendable {
    /// Sizes that masks and accounts need.
    public let shape: ModelShape
    /// Weight factors of the consumers, by block; what channel scores are made of.
    public let norms: [PrunableBlock: ConsumerNorms]
    /// Kernels and worker pool.
    public let compute: Compute
    let embedding: Embedding
    /// The different rotations of the layers' heads.
    let rotations: [RotaryEmbedding]
    let layers: [DecoderLayer]
    let finalNorm: Norm
    /// `[vocabulary, hidden]`; the embedding itself when the model ties them.
    let head: WeightMatrix
    /// How keys and values are cached.
    let cacheFormat: KVFormat

    /// Rows that a pass, or at least a block, takes at a time where the pruner does not need them all: it
    /// bounds the activations' memory, and they come from a near cache.
    ///
    /// Several workers wait for each other after every product, so each gets as many as a panel of weights
    /// is packed for (`KN_ROUND` in `simd/integer.inc`); half of that makes two of them 14 % slower. One
    /// worker waits for nobody, and loses nothing with half a round.
    private var partRows: Int { compute.threadCount == 1 ? 128 : 256 * compute.threadCount }

    /// Bytes that the weights occupy in memory.
    public var weightByteCount: Int {
        let tied = head === embedding.tokens
        return (tied ? 0 : head.byteCount) + embedding.byteCount
            + layers.reduce(0) { $0 + $1.weightByteCount }
    }

    /// Whether every layer has the heads and channels that `shape` names; pruners demand it.
    public var isUniform: Bool {
        layers.allSatisfy {
            $0.attention.headCount == shape.headCount
                && $0.mlp.upProjection.weight.rowCount == shape.channelCount
        }
    }

    /// Number of tokens in the vocabulary.
    public var vocabularySize: Int { head.rowCount }

    /// Positions that the model can tell apart; nil: any number.
    public var positionLimit: Int? { embedding.positionLimit }

    /// Scratch memory for this model's passes.
    ///
    /// - Throws: `KernelError` when memory cannot be mapped.
    public func makeWorkspace() throws(KernelError) -> Workspace {
        Workspace(probeCache: try makeCache(layerCount: 1, blockCount: 1))
    }

    /// A cache for this model's keys and values.
    ///
    /// - Parameters:
    ///   - layerCount: Layers that are kept apart, as in `KVCache`; nil: all of the model's.
    ///   - blockCount: Blocks of `blockSize` tokens.
    ///   - blockSize: Tokens a block holds.
    /// - Returns: A cache whose blocks cost nothing until they are written.
    /// - Throws: `KernelError` when the memory cannot be mapped.
    public func makeCache(
        layerCount: Int? = nil,
        blockCount: Int,
        blockSize: Int = KVCache.defaultBlockSize
    ) throws(KernelError) -> KVCache {
        try KVCache(
            layerCount: layerCount ?? shape.layerCount,
            blockCount: blockCount,
            blockSize: blockSize,
            format: cacheFormat,
            shape: shape,
            nodes: compute.nodes
        )
    }

    /// Runs the batch from its tokens to the final norm; the result is `workspace.normed`, which holds the
    /// rows that the batch asks for.
    ///
    /// - Parameters:
    ///   - batch: Tokens, positions, cache slots and the rows wanted.
    ///   - cache: Gains one entry a token and layer.
    ///   - pruner: Decides each block's mask.
    ///   - workspace: Scratch memory of this model.
    ///   - report: Gains this pass.
    /// - Throws: `RuntimeError` when a token or position lies outside the model, a probe yields a
    ///   non-finite score, or memory cannot be mapped.
    public func forward(
        _ batch: ForwardBatch,
        cache: inout KVCache,
        pruner: inout some Pruner,
        workspace: Workspace,
        report: inout ForwardReport
    ) throws(RuntimeError) {
        let start = ContinuousClock.now
        // A probe is a part of the batch, so its keys never need more blocks than the batch's.
        do { try workspace.probeCache.reserve(blockCount: batch.blockCount) } catch {
            throw .kernel(error)
        }
        if let outputRows = batch.outputRows {
            // A part reads the keys of those before it, layer by layer.
            let isWhole = pruner.needsWholeBatch || cache.layerCount < layers.count
            let parts = batch.parts(rowLimit: isWhole ? batch.layout.rowCount : partRows)
            workspace.outputs.reshape(rowCount: outputRows.count, width: shape.hiddenSize)
            var rest = outputRows[...]
            for part in parts {
                try runLayers(part.batch, &cache, &pruner, workspace, &report)
                let rows = rest.prefix { $0 < part.rows.upperBound }
                workspace.keepOutputs(
                    rows,
                    from: part.rows.lowerBound,
                    after: outputRows.count - rest.count
                )
                rest = rest.dropFirst(rows.count)
            }
            finalNorm(of: workspace.outputs, into: &workspace.normed, compute: compute)
        } else {
            try runLayers(batch, &cache, &pruner, workspace, &report)
            finalNorm(of: workspace.hidden, into: &workspace.normed, compute: compute)
        }
        pruner.finishBatch()
        report.forwardDuration += ContinuousClock.now - start
    }

    /// Fills `workspace.hidden` with the residual stream that leaves the last layer.
    private func runLayers(
        _ batch: ForwardBatch,
        _ cache: inout KVCache,
        _ pruner: inout some Pruner,
        _ workspace: Workspace,
        _ report: inout ForwardReport
    ) throws(RuntimeError) {
        try embedding(batch, workspace: workspace, compute: compute)
        compute.rotaryAngles(
            positions: batch.layout.positions,
            inverseFrequencies: rotations.map(\.inverseFrequencies),
            into: &workspace.angles
        )
        workspace.squaredNorms.removeAll(keepingCapacity: true)
        if pruner.needsWholeBatch { workspace.measureResidual(compute: compute) }
        let parts = batch.parts(
            rowLimit: pruner.observesWholeBatch ? batch.layout.rowCount : partRows
        )
        for layer in layers {
            do {
                try layer(
                    batch,
                    parts: parts,
                    cache: &cache,
                    pruner: &pruner,
                    workspace: workspace,
                    report: &report,
                    compute: compute
                )
            } catch {
                throw .mask(error, layer: layer.index)
            }
            workspace.onLayer?()
        }
    }

    /// Logits of the given rows of the last forward pass's result, `[rows, vocabulary]`.
    ///
    /// - Parameters:
    ///   - rows: Rows of `workspace.normed`.
    ///   - workspace: The pass's activations.
    ///   - logits: Overwritten.
    ///   - report: Gains the head's wall time.
    public func logits(
        of rows: [Int32],
        workspace: Workspace,
        into logits: inout Activations,
        report: inout ForwardReport
    ) {
        let start = ContinuousClock.now
        compute.gatherRows(of: workspace.normed, rows, into: &workspace.scored)
        compute.selectOut(workspace.scored, head, keeping: nil, into: &logits)
        report.headDuration += ContinuousClock.now - start
    }
}

extension DecoderLayer {
    /// Bytes of this layer's weight matrices.
    var weightByteCount: Int {
        [
            attention.queryProjection, attention.keyProjection, attention.valueProjection,
            attention.outputProjection, mlp.upProjection, mlp.downProjection,
        ].reduce(mlp.gateProjection?.byteCount ?? 0) { $0 + $1.weight.byteCount }
    }
}
