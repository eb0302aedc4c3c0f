import Kernels
import ProbeScheduler

/// One transformer layer, with a mask made for each of its two blocks.
struct DecoderLayer: Sendable {
    let index: Int
    let attentionNorm: Norm
    let attention: Attention
    /// Norms what attention adds to the residual stream.
    let attentionPostNorm: Norm?
    let mlpNorm: Norm
    let mlp: MLP
    /// Norms what the MLP adds to the residual stream.
    let mlpPostNorm: Norm?

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
        let heads = try decide(
            .attention(layer: index),
            attentionNorm,
            attention.queryProjection.weight,
            batch,
            &pruner,
            workspace,
            &report,
            compute
        ) { attention.probe($0, into: &$1, workspace: workspace, compute: compute) }
        addToResidual(attentionPostNorm, workspace, compute) { output in
            attention(
                batch,
                layer: index,
                keeping: heads,
                cache: &cache,
                workspace: workspace,
                addingTo: &output,
                compute: compute
            )
            compensate(
                .attention(layer: index),
                attention.outputProjection,
                heads,
                batch,
                &pruner,
                &report,
                compute,
                addingTo: &output
            )
        }
        pruner.observe(
            .attention(layer: index),
            intermediate: workspace.intermediate,
            mask: heads,
            layout: batch.layout,
            compute: compute
        )

        let channels = try decide(
            .mlp(layer: index),
            mlpNorm,
            mlp.upProjection.weight,
            batch,
            &pruner,
            workspace,
            &report,
            compute
        ) { mlp.probe($0, into: &$1, workspace: workspace, compute: compute) }
        addToResidual(mlpPostNorm, workspace, compute) { output in
            mlp(keeping: channels, workspace: workspace, addingTo: &output, compute: compute)
            compensate(
                .mlp(layer: index),
                mlp.downProjection,
                channels,
                batch,
                &pruner,
                &report,
                compute,
                addingTo: &output
            )
        }
        pruner.observe(
            .mlp(layer: index),
            intermediate: workspace.intermediate,
            mask: channels,
            layout: batch.layout,
            compute: compute
        )
    }

    /// Lets a block add its output to the residual stream, by way of a norm if there is one.
    private func addToResidual(
        _ norm: Norm?,
        _ workspace: Workspace,
        _ compute: Compute,
        block: (inout Activations) -> Void
    ) {
        guard let norm else { return block(&workspace.hidden) }
        workspace.blockOutput.reshape(
            rowCount: workspace.hidden.rowCount,
            width: workspace.hidden.width
        )
        workspace.blockOutput.fill(0)
        block(&workspace.blockOutput)
        norm.normaliseRows(of: &workspace.blockOutput, compute: compute)
        compute.add(workspace.blockOutput, to: &workspace.hidden)
    }

    /// Adds what stands in for the removed channels, if the pruner has something.
    private func compensate(
        _ block: PrunableBlock,
        _ consumer: Linear,
        _ mask: ChannelMask?,
        _ batch: ForwardBatch,
        _ pruner: inout some Pruner,
        _ report: inout ForwardReport,
        _ compute: Compute,
        addingTo output: inout Activations
    ) {
        guard let mask, !mask.keepsAll else { return }
        let start = ContinuousClock.now
        var vectors = 0
        let bias = pruner.outputBias(of: block, mask: mask) { expected in
            vectors += expected.firstPositionMeans == nil ? 1 : 2
            return consumer.bias(expected, removedBy: mask, compute: compute)
        }
        guard let bias else { return }
        bias.add(to: &output, layout: batch.layout, compute: compute)
        report.probeDuration += ContinuousClock.now - start
        report.countCompensation(block, mask: mask, vectors: vectors)
    }

    /// Norms a block's input for its first weight, asks the pruner for its mask, and keeps account of time
    /// and rows.
    private func decide(
        _ block: PrunableBlock,
        _ norm: Norm,
        _ weight: WeightMatrix,
        _ batch: ForwardBatch,
        _ pruner: inout some Pruner,
        _ workspace: Workspace,
        _ report: inout ForwardReport,
        _ compute: Compute,
        firstHalf: (ProbeSelection, inout Activations) -> Void
    ) throws(MaskError) -> ChannelMask? {
        // Nothing has run before the first block.
        let looksEarlier = pruner.probePlace == .earlier && block.index > 0
        if looksEarlier {
            norm(of: workspace.earlier, into: workspace, roundedFor: weight, compute: compute)
        } else {
            norm(of: workspace.hidden, into: workspace, roundedFor: weight, compute: compute)
        }
        defer {
            if looksEarlier {
                norm(of: workspace.hidden, into: workspace, roundedFor: weight, compute: compute)
            }
            if pruner.probePlace == .earlier { workspace.keepResidual(compute: compute) }
        }
        let start = ContinuousClock.now
        var probeRows = 0
        let mask = try pruner.mask(
            for: block,
            squaredNorms: workspace.squaredNorms,
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
