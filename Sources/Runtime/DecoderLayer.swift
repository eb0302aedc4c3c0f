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
    ///   - parts: The batch's rows in order, as many as a block takes at a time.
    ///   - cache: Gains one entry a token.
    ///   - pruner: Turns probe activations into masks, and learns from the full pass.
    ///   - workspace: The pass's activations.
    ///   - report: What was run, and how long deciding took.
    ///   - compute: The kernels.
    /// - Throws: `MaskError` when a probe yields a non-finite score.
    func callAsFunction(
        _ batch: ForwardBatch,
        parts: [ForwardBatch.Part],
        cache: inout KVCache,
        pruner: inout some Pruner,
        workspace: Workspace,
        report: inout ForwardReport,
        compute: Compute
    ) throws(MaskError) {
        let heads = try decide(
            .attention(layer: index),
            attentionInput,
            batch,
            &pruner,
            workspace,
            &report,
            compute
        ) { attention.probe($0, into: &$1, workspace: workspace, compute: compute) }
        run(
            .attention(layer: index),
            attentionInput,
            attention.outputProjection,
            attentionPostNorm,
            keeping: heads,
            parts,
            &pruner,
            workspace,
            &report,
            compute
        ) { part, output in
            attention(
                part,
                layer: index,
                keeping: heads,
                cache: &cache,
                workspace: workspace,
                addingTo: &output,
                compute: compute
            )
        }

        let channels = try decide(
            .mlp(layer: index),
            mlpInput,
            batch,
            &pruner,
            workspace,
            &report,
            compute
        ) { mlp.probe(into: &$1, workspace: workspace, compute: compute) }
        run(
            .mlp(layer: index),
            mlpInput,
            mlp.downProjection,
            mlpPostNorm,
            keeping: channels,
            parts,
            &pruner,
            workspace,
            &report,
            compute
        ) { _, output in
            mlp(keeping: channels, workspace: workspace, addingTo: &output, compute: compute)
        }
    }

    /// How the residual stream enters a block: a norm, rounded for the block's first weight.
    private struct Input {
        let norm: Norm
        let weight: WeightMatrix

        func callAsFunction(
            _ residual: borrowing Activations,
            into normed: inout Activations,
            _ compute: Compute
        ) { norm(of: residual, into: &normed, roundedFor: weight, compute: compute) }
    }

    private var attentionInput: Input {
        Input(norm: attentionNorm, weight: attention.queryProjection.weight)
    }

    private var mlpInput: Input { Input(norm: mlpNorm, weight: mlp.upProjection.weight) }

    /// Runs a block part by part: adds its output, and what stands in for removed channels, to the residual
    /// stream, and shows the pruner what its consumer was handed.
    private func run(
        _ block: PrunableBlock,
        _ input: Input,
        _ consumer: Linear,
        _ postNorm: Norm?,
        keeping mask: ChannelMask?,
        _ parts: [ForwardBatch.Part],
        _ pruner: inout some Pruner,
        _ workspace: Workspace,
        _ report: inout ForwardReport,
        _ compute: Compute,
        addOutput: (ForwardBatch, inout Activations) -> Void
    ) {
        let bias = compensation(block, consumer, mask, &pruner, &report, compute)
        workspace.squaredNorms.removeAll(keepingCapacity: true)
        for part in parts {
            workspace.narrow(to: part.rows)
            input(workspace.hidden, into: &workspace.normed, compute)
            addToResidual(postNorm, workspace, compute) { output in
                addOutput(part.batch, &output)
                guard let bias else { return }
                let start = ContinuousClock.now
                bias.add(to: &output, layout: part.batch.layout, compute: compute)
                report.probeDuration += ContinuousClock.now - start
            }
            pruner.observe(
                block,
                intermediate: workspace.intermediate,
                mask: mask,
                layout: part.batch.layout,
                compute: compute
            )
            // The rows are near now.
            if pruner.needsWholeBatch { workspace.measureResidual(compute: compute) }
        }
        workspace.widen()
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

    /// What stands in for the removed channels, if the pruner has something.
    private func compensation(
        _ block: PrunableBlock,
        _ consumer: Linear,
        _ mask: ChannelMask?,
        _ pruner: inout some Pruner,
        _ report: inout ForwardReport,
        _ compute: Compute
    ) -> OutputBias? {
        guard let mask, !mask.keepsAll else { return nil }
        let start = ContinuousClock.now
        var vectors = 0
        let bias = pruner.outputBias(of: block, mask: mask) { expected in
            vectors += expected.firstPositionMeans == nil ? 1 : 2
            return consumer.bias(expected, removedBy: mask, compute: compute)
        }
        guard let bias else { return nil }
        report.probeDuration += ContinuousClock.now - start
        report.countCompensation(block, mask: mask, vectors: vectors)
        return bias
    }

    /// Asks the pruner for a block's mask, and keeps account of time and rows.
    private func decide(
        _ block: PrunableBlock,
        _ input: Input,
        _ batch: ForwardBatch,
        _ pruner: inout some Pruner,
        _ workspace: Workspace,
        _ report: inout ForwardReport,
        _ compute: Compute,
        firstHalf: (ProbeSelection, inout Activations) -> Void
    ) throws(MaskError) -> ChannelMask? {
        let start = ContinuousClock.now
        // Nothing has run before the first block.
        let looksEarlier = pruner.probePlace == .earlier && block.index > 0
        var probeRows = 0
        let mask = try pruner.mask(
            for: block,
            squaredNorms: looksEarlier ? workspace.earlierSquaredNorms : workspace.squaredNorms,
            normedSquaredNorms: {
                if looksEarlier {
                    input(workspace.earlier, into: &workspace.normed, compute)
                } else {
                    input(workspace.hidden, into: &workspace.normed, compute)
                }
                var norms: [Float] = []
                compute.rowSquaredNorms(workspace.normed, into: &norms)
                return norms
            },
            layout: batch.layout,
            compute: compute
        ) { selection, states in
            probeRows += selection.rows.count
            if looksEarlier {
                compute.gatherRows(of: workspace.earlier, selection.rows, into: &workspace.normed)
            } else {
                compute.gatherRows(of: workspace.hidden, selection.rows, into: &workspace.normed)
            }
            input(workspace.normed, into: &workspace.probeInput, compute)
            firstHalf(selection, &states)
        }
        report.probeDuration += ContinuousClock.now - start
        report.count(block, rows: batch.layout.rowCount, mask: mask, probeRows: probeRows)
        if pruner.probePlace == .earlier { workspace.keepResidual(compute: compute) }
        return mask
    }
}
