/// Where pruning pays and where it does not: measured, class by class, and asked again now and then.
///
/// A batch whose probe costs more than its mask saves is better run dense. Which batches these are
/// depends on the CPU, the model and the ratio, so nothing is assumed: both ways are timed. Pure: the
/// times are arguments.
public struct PruningGain: Sendable {
    /// Batches that cost about the same densely: phase, and the power of two that holds their tokens.
    private struct Size: Hashable {
        let phase: Batch.Phase
        let tokenBits: Int

        init(_ batch: Batch) {
            phase = batch.phase
            tokenBits = PruningGain.bits(batch.tokenCount)
        }
    }

    /// How a batch that asks for pruning is to be run.
    public enum Choice: Sendable, Equatable {
        /// As it asks.
        case pruned
        /// Densely, for that is faster.
        case dense
        /// Densely, to learn what that costs.
        case trial
    }

    /// Those that do so pruned: what a probe takes depends on how many samples share the tokens.
    private struct Key: Hashable {
        let size: Size
        let sampleBits: Int
        let ratioPercent: Int

        init(_ batch: Batch) {
            size = Size(batch)
            sampleBits = PruningGain.bits(batch.chunks.count)
            ratioPercent = batch.maskClass.ratioPercent
        }
    }

    /// Seconds a token of the latest batches.
    ///
    /// Other work on the machine adds time and never takes any, so the lower quartile tells more of what
    /// a batch costs than the mean does, which one stall moves by half.
    private struct Cost {
        private var latest: [Double] = []

        var count: Int { latest.count }
        var lowerQuartile: Double { latest.sorted()[(latest.count - 1) / 4] }

        mutating func add(_ value: Double) {
            if latest.count == PruningGain.window { latest.removeFirst() }
            latest.append(value)
        }
    }

    /// What one ratio costs at one size, and how its batches were run.
    private struct Entry {
        var cost = Cost()
        var batchCount = 0
    }

    private var dense: [Size: Cost] = [:]
    private var pruned: [Key: Entry] = [:]

    /// Measurements of each way before they are believed, and that are kept.
    private static let trialCount = 4
    private static let window = 8
    /// While one way is ahead, one in so many batches runs the other, for conditions change.
    ///
    /// At a gain of a quarter the dense trials cost 0.4 % of the time.
    private static let retrialInterval = 64
    /// Pruning counts as slower beyond this multiple of the dense time.
    ///
    /// Timings of equal batches on a busy 2-core machine scatter by about 3 %.
    private static let margin = 1.03

    /// Nothing measured.
    public init() {}

    /// How a batch that asks for pruning is to be run; counts the batch.
    public mutating func choose(_ batch: Batch) -> Choice {
        let key = Key(batch)
        let entry = pruned[key, default: Entry()]
        pruned[key, default: Entry()].batchCount += 1
        let known = dense[key.size, default: Cost()]
        if entry.cost.count < Self.trialCount { return .pruned }
        if known.count < Self.trialCount { return .trial }
        let pays = entry.cost.lowerQuartile <= known.lowerQuartile * Self.margin
        guard (entry.batchCount + 1).isMultiple(of: Self.retrialInterval) else {
            return pays ? .pruned : .dense
        }
        return pays ? .trial : .pruned
    }

    /// Takes the time of a batch that has run.
    ///
    /// - Parameters:
    ///   - batch: The batch.
    ///   - seconds: Wall time of its forward pass, probe and selection included.
    ///   - isPruned: Whether it ran under masks.
    public mutating func record(_ batch: Batch, seconds: Double, isPruned: Bool) {
        guard batch.tokenCount > 0, seconds.isFinite else { return }
        let cost = seconds / Double(batch.tokenCount)
        if isPruned {
            pruned[Key(batch), default: Entry()].cost.add(cost)
        } else {
            dense[Size(batch), default: Cost()].add(cost)
        }
    }

    private static func bits(_ count: Int) -> Int { Int.bitWidth - count.leadingZeroBitCount }
}
