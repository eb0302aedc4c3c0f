import Kernels
import ProbeScheduler

/// One pre-norm transformer layer, with a mask made for each of its two blocks.
struct DecoderLayer: Sendable {
    let index: Int
    let inputNorm: RMSNorm
    let attention: Attention
    let postAttentionNorm: RMSNorm
    let mlp: MLP

    /// Adds this layer's attention and MLP outputs to the residual stream in `workspace.hidden`.
    ///
    /// - Parameters:
    ///   - batch: Rows, positions and cache slots.
    ///   - cache: Gains one entry a token.
    ///   - pruner: Turns probe activations into masks, and learns from the full pass.
    ///   - workspace: The pass's activations.
    ///   - report: What was run, and how long deciding took.
    ///   - compute: The kernels.
    /// - Throws: `MaskError` when a probe yields a non-finite score.
    func callAsFunction(
        _ batch: ForwardBatch,
        cache: inout KVCache,
        pruner: inout some Pruner,
        workspace: Workspace,
        report: inout ForwardReport,
        compute: Compute
    ) throws(MaskError) {
        inputNorm(workspace.hidden, into: &workspace.normed, compute: compute)
        let heads = try decide(
            .attention(layer: index),
            batch,
            &pruner,
            workspace,
            &report,
            compute
        ) { attention.probe($0, into: &$1, workspace: workspace, compute: compute) }
        attention(
            batch,
            layer: index,
            keeping: heads,
            cache: &cache,
            workspace: workspace,
            compute: compute
        )
        pruner.observe(
            .attention(layer: index),
            intermediate: workspace.attended,
            mask: heads,
            layout: batch.layout,
            compute: compute
        )

        postAttentionNorm(workspace.hidden, into: &workspace.normed, compute: compute)
        let channels = try decide(
            .mlp(layer: index),
            batch,
            &pruner,
            workspace,
            &report,
            compute
        ) { mlp.probe($0, into: &$1, workspace: workspace, compute: compute) }
        mlp(keeping: channels, workspace: workspace, compute: compute)
        pruner.observe(
            .mlp(layer: index),
            intermediate: workspace.intermediate,
            mask: channels,
            layout: batch.layout,
            compute: compute
        )
    }

    /// Asks the pruner for a block's mask, and keeps account of time and rows.
    private func decide(
        _ block: PrunableBlock,
        _ batch: ForwardBatch,
        _ pruner: inout some Pruner,
        _ workspace: Workspace,
        _ report: inout ForwardReport,
        _ compute: Compute,
        firstHalf: (ProbeSelection, inout Activations) -> Void
    ) throws(MaskError) -> ChannelMask? {
        let start = ContinuousClock.now
        var probeRows = 0
        let mask = try pruner.mask(
            for: block,
            residual: workspace.hidden,
            normed: workspace.normed,
            layout: batch.layout,
            compute: compute
        ) { selection, states in
            probeRows += selection.rows.count
            firstHalf(selection, &states)
        }
        report.probeDuration += ContinuousClock.now - start
        report.count(block, rows: batch.layout.rowCount, mask: mask, probeRows: probeRows)
        return mask
    }
}
