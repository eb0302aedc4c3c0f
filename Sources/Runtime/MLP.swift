import Kernels
import ProbeScheduler

/// The feed-forward block: `down(activation(gate(x)) ⊙ up(x))`, or `down(relu(up(x)))` without gate.
struct MLP: Sendable {
    /// `[channels, hidden]`; pruned along rows; nil: the block is not gated.
    let gateProjection: WeightMatrix?
    /// `[channels, hidden]`; pruned along rows.
    let upProjection: Linear
    /// Transposed, `[channels, hidden]`; pruned along rows.
    let downProjection: Linear
    /// What a gated block applies to its gate.
    let activation: GateActivation

    /// Adds the output of the kept channels to `output`.
    ///
    /// Reads `workspace.normed`, and leaves the input of the down projection,
    /// `[tokens, kept channels]`, in `workspace.intermediate`.
    func callAsFunction(
        keeping mask: ChannelMask?,
        workspace: Workspace,
        addingTo output: inout Activations,
        compute: Compute
    ) {
        channels(
            of: workspace.normed,
            keeping: mask?.kept,
            into: &workspace.intermediate,
            roundedFor: downProjection.weight,
            compute: compute
        )
        downProjection.add(
            workspace.intermediate,
            keeping: mask?.kept,
            to: &output,
            compute: compute
        )
    }

    /// The dense first half of the block on the probe's rows, `workspace.probeInput`.
    ///
    /// - Parameters:
    ///   - states: Receives `[probe rows, channels]`.
    ///   - workspace: The pass's activations.
    ///   - compute: The kernels.
    func probe(into states: inout Activations, workspace: Workspace, compute: Compute) {
        channels(of: workspace.probeInput, keeping: nil, into: &states, compute: compute)
    }

    /// The input of the down projection, `[tokens, kept]`, rounded for the weight that is next.
    private func channels(
        of input: borrowing Activations,
        keeping kept: [Int32]?,
        into channels: inout Activations,
        roundedFor next: WeightMatrix? = nil,
        compute: Compute
    ) {
        guard let gateProjection else {
            upProjection.select(input, keeping: kept, into: &channels, compute: compute)
            compute.relu(&channels)
            return
        }
        compute.gatedUnit(
            input,
            gate: gateProjection,
            up: upProjection.weight,
            activation: activation,
            keeping: kept,
            into: &channels,
            roundedFor: next
        )
    }
}
