import Foundation
import ProbeScheduler

/// Every decision of a run, as JSONL.
final class MaskTrace {
    private struct Line: Encodable {
        var batch: Int
        var layer: Int
        var block: String
        var samples: [Int]
        var positions: [Int]
        var scores: [Float]
        var kept: [Int32]
    }

    private var batch = 0
    private var data = Data()
    private let encoder = JSONEncoder()

    /// All lines so far.
    var text: Data { data }

    /// Adds one block's decision.
    func record(_ decision: BlockDecision) {
        let line = Line(
            batch: batch,
            layer: decision.block.layer,
            block: decision.block.kind.rawValue,
            samples: decision.selection.samples,
            positions: decision.selection.positions,
            scores: decision.scores,
            kept: decision.mask.kept
        )
        // Scores are finite: a mask is made of nothing else.
        guard let json = try? encoder.encode(line) else { return }
        data += json + Data("\n".utf8)
    }

    /// The next decisions belong to another batch.
    func endBatch() {
        batch += 1
    }
}
