import ProbeScheduler

/// The rows of a batch whose logits are wanted: tokens of prompts that are scored, and the last token of
/// each sequence that samples.
struct LogitRows {
    /// Tokens of a prompt, each with its logits.
    struct Scored {
        let id: RequestID
        /// Positions in the sequence.
        let positions: Range<Int>
        /// Where the first of them stands in `rows`.
        let first: Int
    }

    /// Rows of the batch, ascending.
    private(set) var rows: [Int32] = []
    private(set) var scored: [Scored] = []
    /// Where the row of each sequence that samples stands in `rows`.
    private(set) var sampling: [(id: RequestID, index: Int32)] = []

    /// - Parameters:
    ///   - batch: What runs.
    ///   - layout: Its rows.
    ///   - scoredPositions: Which positions of a chunk are scored; asked in a prefill.
    init(_ batch: Batch, _ layout: BatchLayout, scoredPositions: (Batch.Chunk) -> Range<Int>) {
        for (chunk, sample) in zip(batch.chunks, layout.samples) {
            let last = chunk.tokens.upperBound - 1
            let positions = batch.phase == .prefill ? scoredPositions(chunk) : last..<last
            if !positions.isEmpty {
                scored.append(Scored(id: chunk.id, positions: positions, first: rows.count))
                let before = sample.firstRow - chunk.tokens.lowerBound
                rows += positions.map { Int32(before + $0) }
            }
            guard chunk.samples else { continue }
            if !positions.contains(last) { rows.append(Int32(sample.rows.upperBound - 1)) }
            sampling.append((chunk.id, Int32(rows.count - 1)))
        }
    }
}
