import Kernels
import ProbeScheduler

/// Turns tokens into the hidden states that enter the first layer.
struct Embedding: Sendable {
    /// `[vocabulary, hidden]`.
    let tokens: WeightMatrix
    /// Multiplied with the tokens' rows.
    let scale: Float
    /// Learned positions, `[positions + positionOffset, hidden]`; nil where heads are rotated.
    let positions: WeightMatrix?
    /// The row of `positions` that stands for position 0.
    let positionOffset: Int

    /// Positions that can be told apart; nil: any number.
    var positionLimit: Int? { positions.map { $0.rowCount - positionOffset } }

    /// Bytes that the matrices occupy in memory.
    var byteCount: Int { tokens.byteCount + (positions?.byteCount ?? 0) }

    /// Overwrites `workspace.hidden` with `[tokens, hidden]`.
    ///
    /// - Throws: `RuntimeError` when a token or a position has no row.
    func callAsFunction(
        _ batch: ForwardBatch,
        workspace: Workspace,
        compute: Compute
    ) throws(RuntimeError) {
        let vocabularySize = tokens.rowCount
        if let token = batch.tokens.first(where: { $0 < 0 || $0 >= vocabularySize }) {
            throw .tokenOutOfRange(token, vocabularySize: vocabularySize)
        }
        compute.gatherRows(of: tokens, batch.tokens, into: &workspace.hidden)
        if scale != 1 { compute.scale(&workspace.hidden, by: scale) }
        guard let positions, let positionLimit else { return }
        if let position = batch.layout.positions.first(where: { $0 >= positionLimit }) {
            throw .positionOutOfRange(Int(position), limit: positionLimit)
        }
        let rows = batch.layout.positions.map { $0 + Int32(positionOffset) }
        compute.gatherRows(of: positions, rows, into: &workspace.blockOutput)
        compute.add(workspace.blockOutput, to: &workspace.hidden)
    }
}
