import Kernels
import ProbeScheduler

/// Grouped-query causal attention (MHA when every query head has its own key-value head).
struct Attention: Sendable {
    /// `[heads × headDim, hidden]`; pruned along groups of rows.
    let queryProjection: Linear
    /// `[kvHeads × headDim, hidden]`; never pruned, so the KV cache is complete whatever the mask.
    let keyProjection: Linear
    /// `[kvHeads × headDim, hidden]`; never pruned.
    let valueProjection: Linear
    /// Transposed, `[heads × headDim, hidden]`, so that a head is a run of contiguous rows.
    let outputProjection: Linear
    /// Norms and rotates queries and keys; without rotation where positions are learned.
    let placement: HeadPlacement
    let headCount: Int
    let kvHeadCount: Int
    let headDimension: Int
    /// Multiplies query · key.
    let scale: Float
    /// A token sees itself and those before it, so many in all; nil: all of them.
    let window: Int?

    /// Adds the attention output of the kept heads to `output`.
    ///
    /// Reads `workspace.normed`, and leaves the input of the output projection,
    /// `[tokens, kept heads × headDim]`, in `workspace.intermediate`.
    func callAsFunction(
        _ batch: ForwardBatch,
        layer: Int,
        keeping mask: ChannelMask?,
        cache: inout KVCache,
        workspace: Workspace,
        addingTo output: inout Activations,
        compute: Compute
    ) {
        let rows = mask.map { expand($0.kept) }
        project(
            workspace.normed,
            keeping: rows,
            angles: workspace.angles,
            batch,
            layer: layer,
            cache: &cache,
            workspace: workspace,
            compute: compute
        )
        cache.attend(
            workspace.query,
            heads: mask?.kept ?? allHeads,
            groupSize: headCount / kvHeadCount,
            scale: scale,
            window: window,
            layer: layer,
            batch: batch,
            into: &workspace.intermediate,
            roundedFor: outputProjection.weight,
            compute: compute
        )
        outputProjection.add(workspace.intermediate, keeping: rows, to: &output, compute: compute)
    }

    /// The dense first half of the block on the probe's rows, `workspace.probeInput`: q, k, v and the
    /// attention core.
    ///
    /// The probe attends causally to its own rows alone (arXiv:2502.15618, §3.2), rotated by their
    /// original positions; they stand for the whole sample, so no window cuts them off. A ragged
    /// batch needs no padding: each sample has its own key list.
    ///
    /// - Parameters:
    ///   - selection: Which rows of the batch they are, sample by sample.
    ///   - states: Receives `[probe rows, heads × headDim]`.
    ///   - workspace: The pass's activations.
    ///   - compute: The kernels.
    func probe(
        _ selection: ProbeSelection,
        into states: inout Activations,
        workspace: Workspace,
        compute: Compute
    ) {
        compute.gatherRows(of: workspace.angles, selection.rows, into: &workspace.probeAngles)
        let ranks = ForwardBatch(
            tokens: [],
            layout: BatchLayout(lengths: selection.sampleRowCounts),
            blockSize: workspace.probeCache.blockSize
        )
        project(
            workspace.probeInput,
            keeping: nil,
            angles: workspace.probeAngles,
            ranks,
            layer: 0,
            cache: &workspace.probeCache,
            workspace: workspace,
            compute: compute
        )
        workspace.probeCache.attend(
            workspace.query,
            heads: allHeads,
            groupSize: headCount / kvHeadCount,
            scale: scale,
            window: nil,
            layer: 0,
            batch: ranks,
            into: &states,
            compute: compute
        )
    }

    /// Fills the workspace's query (of the kept rows), normed and rotated, and the cache at the batch's slots.
    private func project(
        _ input: borrowing Activations,
        keeping rows: [Int32]?,
        angles: borrowing Activations,
        _ batch: ForwardBatch,
        layer: Int,
        cache: inout KVCache,
        workspace: Workspace,
        compute: Compute
    ) {
        compute.selectOut(
            input,
            query: queryProjection.weight,
            keeping: rows,
            key: keyProjection.weight,
            value: valueProjection.weight,
            queries: &workspace.query,
            keys: &workspace.key,
            values: &workspace.value
        )
        queryProjection.addBias(to: &workspace.query, keeping: rows, compute: compute)
        keyProjection.addBias(to: &workspace.key, keeping: nil, compute: compute)
        valueProjection.addBias(to: &workspace.value, keeping: nil, compute: compute)
        cache.place(
            queries: &workspace.query,
            keys: &workspace.key,
            values: workspace.value,
            placement,
            angles: angles,
            layer: layer,
            batch: batch,
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
