/// Where pruning pays and where it does not: measured, class by class, and asked again now and then.
///
/// A batch whose probe costs more than its mask saves is better run dense. Which batches these are
/// depends on the CPU, the model and the ratio, so nothing is assumed: both ways are timed. Pure: the
/// times are arguments.
///
/// A machine that others share changes its speed from second to second, by more than pruning gains. So
/// only times of neighbouring batches are compared: a trial runs both ways in turn until one way has
/// won clearly more pairs than the other, which neither a drift nor a stall turns.
public struct PruningGain: Sendable {
    /// How a batch that asks for pruning is to be run.
    public enum Choice: Sendable, Equatable {
        /// As it asks.
        case pruned
        /// Densely, for that is faster.
        case dense
        /// Densely, to learn what that costs.
        case trial
    }

    /// Batches that gain about the same: phase, ratio, and the powers of two that hold their tokens and
    /// their sequences, which share what a probe takes.
    private struct Key: Hashable {
        let phase: Batch.Phase
        let tokenBits: Int
        let sequenceBits: Int
        let ratioPercent: Int

        init(_ batch: Batch) {
            phase = batch.phase
            tokenBits = Int.bitWidth - batch.tokenCount.leadingZeroBitCount
            sequenceBits = Int.bitWidth - batch.chunks.count.leadingZeroBitCount
            ratioPercent = batch.maskClass.ratioPercent
        }
    }

    /// Pairs of batches, pruned and then dense.
    private struct Trial {
        /// Seconds a token of the pair's first.
        var pruned: Double?
        /// Pairs in which pruning paid, and in which it did not.
        var (gains, losses) = (0, 0)

        /// Whether pruning pays; nil while that is open.
        var verdict: Bool? {
            let lead = gains - losses
            let isOver =
                abs(lead) == PruningGain.clearLead
                || gains + losses == PruningGain.pairCount
            return isOver ? lead > 0 : nil
        }
    }

    private struct Entry {
        /// Under way; nil: decided.
        var trial: Trial? = Trial()
        var pays = true
        /// Batches since the last trial.
        var batchCount = 0
    }

    private var entries: [Key: Entry] = [:]

    /// Pairs won beyond the other way's that end a trial.
    ///
    /// Where one pair in five is wrong, as beside other work, 1.5 % of verdicts are.
    static let clearLead = 3
    /// Most pairs of a trial; odd, so that one way has won more.
    static let pairCount = 9
    /// Batches from the end of a trial to the next one, for conditions change.
    ///
    /// At a gain of a quarter the dense ones of a short trial cost 0.3 %, of the longest 1 %.
    static let trialInterval = 256
    /// Pruning counts as slower beyond this multiple of the dense time.
    ///
    /// Timings of equal batches on a busy 2-core machine scatter by about 3 %.
    private static let margin = 1.03

    /// Nothing measured.
    public init() {}

    /// How a batch that asks for pruning is to be run; counts the batch.
    public mutating func choose(_ batch: Batch) -> Choice {
        let key = Key(batch)
        var entry = entries[key, default: Entry()]
        defer { entries[key] = entry }
        if let trial = entry.trial { return trial.pruned == nil ? .pruned : .trial }
        entry.batchCount += 1
        if entry.batchCount < Self.trialInterval { return entry.pays ? .pruned : .dense }
        entry.batchCount = 0
        entry.trial = Trial()
        return .pruned
    }

    /// Takes the time of a batch that was chosen for and has run.
    ///
    /// - Parameters:
    ///   - batch: The batch.
    ///   - seconds: Wall time of its forward pass, probe and selection included.
    ///   - isPruned: Whether it ran under masks.
    public mutating func record(_ batch: Batch, seconds: Double, isPruned: Bool) {
        let key = Key(batch)
        guard batch.tokenCount > 0, seconds.isFinite, seconds > 0, var entry = entries[key],
            var trial = entry.trial
        else { return }
        let cost = seconds / Double(batch.tokenCount)
        if isPruned {
            trial.pruned = cost
        } else if let pruned = trial.pruned {
            if pruned / cost <= Self.margin { trial.gains += 1 } else { trial.losses += 1 }
            trial.pruned = nil
        }
        if let verdict = trial.verdict {
            entry.pays = verdict
            entry.trial = nil
        } else {
            entry.trial = trial
        }
        entries[key] = entry
    }
}
