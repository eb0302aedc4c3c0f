import Kernels
public import ProbeScheduler

/// What one forward pass runs on: tokens, their positions, and where their keys and values go.
public struct ForwardBatch: Sendable {
    /// Token ids, one a row; rows of a sequence stand together.
    public let tokens: [Int32]
    /// Which rows belong to which sequence, and at which positions.
    public let layout: BatchLayout
    /// Rows, ascending, whose final hidden states are wanted; nil: all of them.
    let outputRows: [Int32]?
    /// Cache slot of each row, `block × blockSize + offset`.
    let slots: [Int32]
    /// The sequences as the attention kernel sees them.
    let sequences: [AttentionSequence]
    /// Block ids of all sequences, one after the other.
    let blockTable: [Int32]

    /// A batch of sequences that own cache blocks.
    ///
    /// - Parameters:
    ///   - tokens: One a row of `layout`.
    ///   - layout: Rows and positions of each sequence.
    ///   - blockTables: For each sequence the blocks that hold its positions, in order.
    ///   - blockSize: Tokens a block holds.
    ///   - outputRows: Rows, ascending, whose final hidden states are wanted; nil: all of them.
    public init(
        tokens: [Int32],
        layout: BatchLayout,
        blockTables: [[Int32]],
        blockSize: Int,
        outputRows: [Int32]? = nil
    ) {
        var slots: [Int32] = []
        var sequences: [AttentionSequence] = []
        var blockTable: [Int32] = []
        slots.reserveCapacity(layout.rowCount)
        for (sample, blocks) in zip(layout.samples, blockTables) {
            sequences.append(
                AttentionSequence(
                    firstRow: sample.firstRow,
                    rowCount: sample.rowCount,
                    firstPosition: sample.firstPosition,
                    firstBlock: blockTable.count
                )
            )
            blockTable += blocks
            let end = sample.firstPosition + sample.rowCount
            for position in sample.firstPosition..<end {
                let block = Int(blocks[position / blockSize])
                slots.append(Int32(block * blockSize + position % blockSize))
            }
        }
        self.tokens = tokens
        self.layout = layout
        self.outputRows = outputRows
        self.slots = slots
        self.sequences = sequences
        self.blockTable = blockTable
    }

    /// A batch of whole sequences that start at position 0 and take the cache's blocks in order.
    ///
    /// - Parameters:
    ///   - tokens: One a row of `layout`; may be empty where no embedding is looked up.
    ///   - layout: Rows of each sequence.
    ///   - blockSize: Tokens a block holds.
    ///   - outputRows: Rows, ascending, whose final hidden states are wanted; nil: all of them.
    public init(
        tokens: [Int32],
        layout: BatchLayout,
        blockSize: Int,
        outputRows: [Int32]? = nil
    ) {
        var next: Int32 = 0
        let tables = layout.samples.map { sample -> [Int32] in
            let count = (sample.firstPosition + sample.rowCount + blockSize - 1) / blockSize
            defer { next += Int32(count) }
            return (next..<next + Int32(count)).map(\.self)
        }
        self.init(
            tokens: tokens,
            layout: layout,
            blockTables: tables,
            blockSize: blockSize,
            outputRows: outputRows
        )
    }

    /// Some rows as a batch of their own, with the block tables of all.
    private init(_ rows: Range<Int>, of batch: ForwardBatch) {
        tokens = Array(batch.tokens[rows])
        layout = batch.layout.part(rows)
        outputRows = nil
        slots = Array(batch.slots[rows])
        blockTable = batch.blockTable
        sequences = zip(
            layout.samples,
            batch.sequences.filter {
                ($0.firstRow..<$0.firstRow + $0.rowCount).overlaps(rows)
            }
        ).map { sample, sequence in
            AttentionSequence(
                firstRow: sample.firstRow,
                rowCount: sample.rowCount,
                firstPosition: sample.firstPosition,
                firstBlock: sequence.firstBlock
            )
        }
    }

    /// Some rows of a batch.
    struct Part: Sendable {
        /// Which, of the batch's.
        let rows: Range<Int>
        /// These rows as a batch of their own.
        let batch: ForwardBatch
    }

    /// The batch's rows in order, in as few parts of about the same size as the limit allows.
    func parts(rowLimit: Int) -> [Part] {
        let count = layout.rowCount
        guard count > rowLimit else { return [Part(rows: 0..<count, batch: self)] }
        let partCount = (count + rowLimit - 1) / rowLimit
        let size = (count + partCount - 1) / partCount
        return stride(from: 0, to: count, by: size).map { first in
            let rows = first..<min(first + size, count)
            return Part(rows: rows, batch: ForwardBatch(rows, of: self))
        }
    }

    /// Blocks that the batch's sequences own together.
    public var blockCount: Int { blockTable.count }
}
