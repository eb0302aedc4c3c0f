public import Kernels

/// The activations of one forward pass, kept between passes so that a step allocates nothing.
///
/// One engine owns one workspace; it is not shared between threads.
public final class Workspace {
    /// Residual stream, `[tokens, hidden]`.
    public internal(set) var hidden = Activations()
    /// The residual stream after a norm, `[tokens, hidden]`; after a forward pass, after the final norm.
    public internal(set) var normed = Activations()
    /// ‖row‖² of what `normed` was made of, one a row.
    var squaredNorms: [Float] = []
    /// The residual stream before the last block, where a probe looks there, `[tokens, hidden]`.
    var earlier = Activations()
    /// `[tokens, kept heads × headDim]`.
    var query = Activations()
    /// `[tokens, kvHeads × headDim]`.
    var key = Activations()
    /// `[tokens, kvHeads × headDim]`.
    var value = Activations()
    /// Cosines and sines of the rows' positions, for each different rotation of the model.
    var angles = Activations()
    /// What a block adds to the residual stream, where it has to be normed before, `[tokens, hidden]`.
    var blockOutput = Activations()
    /// Input of the block's last projection: of the output projection, `[tokens, kept heads × headDim]`, then of
    /// the down projection, `[tokens, kept channels]`.
    var intermediate = Activations()

    /// Normed rows that the probe runs on, `[probe rows, hidden]`.
    var probeInput = Activations()
    /// `angles` of the probe's rows.
    var probeAngles = Activations()
    /// Keys and values of the probe's own rows.
    var probeCache: KVCache

    /// Hidden states of the rows whose logits are asked for, `[rows, hidden]`.
    var scored = Activations()

    /// Called after each layer of a pass.
    var onLayer: (() -> Void)?

    /// Keeps what enters a block for the next block's probe.
    func keepResidual(compute: Compute) {
        earlier.reshape(rowCount: hidden.rowCount, width: hidden.width)
        earlier.fill(0)
        compute.add(hidden, to: &earlier)
    }

    /// - Parameter probeCache: An empty cache of one layer; it grows with the largest probe.
    init(probeCache: consuming KVCache) {
        self.probeCache = probeCache
    }
}
