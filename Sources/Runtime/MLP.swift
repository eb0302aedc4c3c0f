import Kernels
import ProbeScheduler

/// The gated feed-forward block: `down(silu(gate(x)) ⊙ up(x))`.
struct MLP: Sendable {
    /// `[channels, hidden]`; pruned along rows.
    let gateProjection: WeightMatrix
    /// `[channels, hidden]`; pruned along rows.
    let upProjection: WeightMatrix
    /// Transposed, `[channels, hidden]`; pruned along rows.
    let downProjection: WeightMatrix

    /// Adds the output of the kept channels to the residual stream.
    ///
    /// Reads `workspace.normed`, updates `workspace.hidden`, and leaves the input of the down
    /// projection, `[tokens, kept channels]`, in `workspace.intermediate`.
    func callAsFunction(keeping mask: ChannelMask?, workspace: Workspace, compute: Compute) {
        compute.gatedUnit(
            workspace.normed,
            gate: gateProjection,
            up: upProjection,
            keeping: mask?.kept,
            into: &workspace.intermediate
        )
        compute.selectIn(
            workspace.intermediate,
            downProjection,
            keeping: mask?.kept,
            addingTo: &workspace.hidden
        )
    }

    /// The dense first half of the block on the probe's rows of `workspace.normed`.
    ///
    /// - Parameters:
    ///   - selection: Rows of `workspace.normed`, sample by sample.
    ///   - states: Receives `[probe rows, channels]`.
    ///   - workspace: The pass's activations.
    ///   - compute: The kernels.
    func probe(
        _ selection: ProbeSelection,
        into states: inout Activations,
        workspace: Workspace,
        compute: Compute
    ) {
        compute.gatherRows(of: workspace.normed, selection.rows, into: &workspace.probeInput)
        compute.gatedUnit(
            workspace.probeInput,
            gate: gateProjection,
            up: upProjection,
            keeping: nil,
            into: &states
        )
    }
}
