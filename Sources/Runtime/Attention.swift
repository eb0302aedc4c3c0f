import Kernels
import ProbeScheduler

/// Grouped-query causal attention (MHA when every query head has its own key-value head).
struct Attention: Sendable {
    /// `[heads × headDim, hidden]`; pruned along groups of rows.
    let queryProjection: WeightMatrix
    /// `[kvHeads × headDim, hidden]`; never pruned, so the KV cache is complete whatever the mask.
    let keyProjection: WeightMatrix
    /// `[kvHeads × headDim, hidden]`; never pruned.
    let valueProjection: WeightMatrix
    /// Transposed, `[heads × headDim, hidden]`, so that a head is a run of contiguous rows.
    let outputProjection: WeightMatrix
    let rotary: RotaryEmbedding
    let headCount: Int
    let kvHeadCount: Int

    private var headDimension: Int { rotary.headDimension }
    private var scale: Float { 1 / Float(headDimension).squareRoot() }

    /// Adds the attention output of the kept heads to the residual stream.
    ///
    /// Reads `workspace.normed`, updates `workspace.hidden`, and leaves the input of the output
    /// projection, `[tokens, kept heads × headDim]`, in `workspace.attended`.
    func callAsFunction(
        _ batch: ForwardBatch,
        layer: Int,
        keeping mask: ChannelMask?,
        cache: inout KVCache,
        workspace: Workspace,
        compute: Compute
    ) {
        compute.selectOut(workspace.normed, keyProjection, keeping: nil, into: &workspace.key)
        compute.selectOut(workspace.normed, valueProjection, keeping: nil, into: &workspace.value)
        rotary(&workspace.key, positions: batch.layout.positions, compute: compute)
        cache.write(
            layer: layer,
            keys: workspace.key,
            values: workspace.value,
            slots: batch.slots
        )

        let rows = mask.map { expand($0.kept) }
        compute.selectOut(workspace.normed, queryProjection, keeping: rows, into: &workspace.query)
        rotary(&workspace.query, positions: batch.layout.positions, compute: compute)
        cache.attend(
            workspace.query,
            heads: mask?.kept ?? allHeads,
            groupSize: headCount / kvHeadCount,
            scale: scale,
            layer: layer,
            batch: batch,
            into: &workspace.attended,
            compute: compute
        )
        compute.selectIn(
            workspace.attended,
            outputProjection,
            keeping: rows,
            addingTo: &workspace.hidden
        )
    }

    /// The dense first half of the block on the probe's rows: q, k, v and the attention core.
    ///
    /// The probe attends causally to its own rows alone (arXiv:2502.15618, §3.2), rotated by their
    /// original positions. A ragged batch needs no padding: each sample has its own key list.
    ///
    /// - Parameters:
    ///   - selection: Rows of `workspace.normed`, sample by sample.
    ///   - states: Receives `[probe rows, heads × headDim]`.
    ///   - workspace: The pass's activations.
    ///   - compute: The kernels.
    func probe(
        _ selection: ProbeSelection,
        into states: inout Activations,
        workspace: Workspace,
        compute: Compute
    ) {
        let positions = selection.rows.indices.map {
            Int32(selection.positions[Int(selection.rowPositionIndex[$0])])
        }
        compute.gatherRows(of: workspace.normed, selection.rows, into: &workspace.probeInput)
        compute.selectOut(
            workspace.probeInput,
            queryProjection,
            keeping: nil,
            into: &workspace.query
        )
        compute.selectOut(workspace.probeInput, keyProjection, keeping: nil, into: &workspace.key)
        compute.selectOut(
            workspace.probeInput,
            valueProjection,
            keeping: nil,
            into: &workspace.value
        )
        rotary(&workspace.query, positions: positions, compute: compute)
        rotary(&workspace.key, positions: positions, compute: compute)

        let ranks = ForwardBatch(
            tokens: [],
            layout: BatchLayout(lengths: selection.sampleRowCounts),
            blockSize: workspace.probeCache.blockSize
        )
        workspace.probeCache.write(
            layer: 0,
            keys: workspace.key,
            values: workspace.value,
            slots: ranks.slots
        )
        workspace.probeCache.attend(
            workspace.query,
            heads: allHeads,
            groupSize: headCount / kvHeadCount,
            scale: scale,
            layer: 0,
            batch: ranks,
            into: &states,
            compute: compute
        )
    }

    private var allHeads: [Int32] { (0..<Int32(headCount)).map(\.self) }

    /// Rows of the query and output projections that belong to the given heads.
    private func expand(_ heads: [Int32]) -> [Int32] {
        let width = Int32(headDimension)
        return heads.flatMap { $0 * width..<($0 + 1) * width }
    }
}
