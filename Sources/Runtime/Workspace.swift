public import Kernels

/// The activations of one forward pass, kept between passes so that a step allocates nothing.
///
/// One engine owns one workspace; it is not shared between threads.
public final class Workspace {
    /// Residual stream, `[tokens, hidden]`.
    public internal(set) var hidden = Activations()
    /// The residual stream after a norm, `[tokens, hidden]`; after a forward pass, the rows that were asked
    /// for, after the final norm.
    public internal(set) var normed = Activations()
    /// ‖row‖² of the residual stream that enters the next block, one a row, where a pruner asks for them.
    var squaredNorms: [Float] = []
    /// The residual stream before the last block, where a probe looks there, `[tokens, hidden]`.
    private(set) var earlier = Activations()
    /// ‖row‖² of `earlier`.
    private(set) var earlierSquaredNorms: [Float] = []
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

    private var partSquaredNorms: [Float] = []

    /// Normed rows that the probe runs on, `[probe rows, hidden]`.
    var probeInput = Activations()
    /// `angles` of the probe's rows.
    var probeAngles = Activations()
    /// Keys and values of the probe's own rows.
    var probeCache: KVCache

    /// Rows of the residual stream that were asked for, `[rows, hidden]`, as the parts of a pass end.
    var outputs = Activations()
    /// Hidden states of the rows whose logits are asked for, `[rows, hidden]`.
    var scored = Activations()

    /// Called after each layer of a pass.
    var onLayer: (() -> Void)?

    /// Keeps what enters a block for the next block's probe.
    func keepResidual(compute: Compute) {
        earlier.reshape(rowCount: hidden.rowCount, width: hidden.width)
        earlier.fill(0)
        compute.add(hidden, to: &earlier)
        earlierSquaredNorms = squaredNorms
    }

    /// Puts the squared norms of the residual stream's rows in use behind those in `squaredNorms`.
    func measureResidual(compute: Compute) {
        compute.rowSquaredNorms(hidden, into: &partSquaredNorms)
        squaredNorms += partSquaredNorms
    }

    /// Leaves some of the rows in the residual stream and the angles, so that a block runs on these alone.
    func narrow(to rows: Range<Int>) {
        hidden.narrow(to: rows)
        angles.narrow(to: rows)
    }

    /// Brings all rows back.
    func widen() {
        hidden.widen()
        angles.widen()
    }

    /// Puts rows of the residual stream, which holds those from `firstRow` on, behind `count` outputs.
    func keepOutputs(_ rows: ArraySlice<Int32>, from firstRow: Int, after count: Int) {
        for (index, row) in rows.enumerated() {
            let from = hidden.row(Int(row) - firstRow)
            var to = outputs.mutableRow(count + index)
            for entry in from.indices { to[entry] = from[entry] }
        }
    }

    /// - Parameter probeCache: An empty cache of one layer; it grows with the largest probe.
    init(probeCache: consuming KVCache) {
        self.probeCache = probeCache
    }
}
