/// A run of query rows of one sequence, and where its keys lie.
public struct AttentionSequence: Sendable, Equatable {
    /// First row of the run.
    public var firstRow: Int
    /// Rows of the run.
    public var rowCount: Int
    /// Absolute position of the first row; row `i` sees positions `0...firstPosition + i`.
    public var firstPosition: Int
    /// Where the sequence's blocks begin in the block table.
    public var firstBlock: Int

    /// A run of query rows.
    public init(firstRow: Int, rowCount: Int, firstPosition: Int, firstBlock: Int) {
        self.firstRow = firstRow
        self.rowCount = rowCount
        self.firstPosition = firstPosition
        self.firstBlock = firstBlock
    }
}
