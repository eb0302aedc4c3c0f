import ProbeScheduler

/// Keeps what a pruner decided for each block of the last batch.
final class DecisionRecorder {
    struct Choice {
        var kept: [Int32]
        var samples: [Int] = []
        var positions: [Int] = []
        var scores: [Float] = []
    }

    private(set) var choices: [PrunableBlock: Choice] = [:]
    /// Whether a mask has differed from the reference's, so that later ones may too.
    var hasParted = false
    /// Blocks whose probe has other positions than the reference's.
    var otherPositions = 0

    func record(_ decision: BlockDecision) {
        choices[decision.block] = Choice(
            kept: decision.mask.kept,
            samples: decision.selection.samples,
            positions: decision.selection.positions,
            scores: decision.scores
        )
    }

    func record(_ masks: [PrunableBlock: ChannelMask]) {
        for (block, mask) in masks { choices[block] = Choice(kept: mask.kept) }
    }

    func clear() {
        choices = [:]
    }
}
