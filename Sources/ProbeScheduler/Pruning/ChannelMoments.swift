/// Mean and spread of each channel of one consumer's input, over the tokens of a calibration.
///
/// Mean and deviations of two texts merge exactly. The running estimates of FLAP's released code and of
/// its re-implementation beside Probe Pruning depend on the order of samples and batches; they are
/// kept for their presets, and a merge drops them.
public struct ChannelMoments: Sendable, Equatable {
    /// Tokens seen.
    public private(set) var tokenCount = 0
    /// Samples seen.
    public private(set) var sampleCount = 0
    /// Mean over all tokens, `[width]`.
    public private(set) var means: [Float]
    /// Sum of squared deviations from the mean over all tokens, `[width]`.
    public private(set) var deviations: [Float]
    /// Samples whose first position was seen.
    public private(set) var firstPositionCount = 0
    /// Mean at the first position of a sequence, `[width]`.
    public private(set) var firstPositionMeans: [Float]
    /// Estimates that depend on the order; nil after a merge.
    public private(set) var running: RunningFluctuations?

    /// Moments that have seen nothing.
    public init(width: Int) {
        means = [Float](repeating: 0, count: width)
        deviations = means
        firstPositionMeans = means
        running = RunningFluctuations(width: width)
    }

    /// Moments read from a file.
    public init(
        tokenCount: Int,
        sampleCount: Int,
        means: [Float],
        deviations: [Float],
        firstPositionCount: Int,
        firstPositionMeans: [Float],
        running: RunningFluctuations?
    ) {
        precondition(
            means.count == deviations.count && means.count == firstPositionMeans.count,
            "one value a channel"
        )
        self.tokenCount = tokenCount
        self.sampleCount = sampleCount
        self.means = means
        self.deviations = deviations
        self.firstPositionCount = firstPositionCount
        self.firstPositionMeans = firstPositionMeans
        self.running = running
    }

    /// Channels.
    public var width: Int { means.count }

    /// Variance of each channel, with `tokenCount − 1` in the denominator.
    public var variances: [Float] {
        deviations.map { $0 / Float(max(1, tokenCount - 1)) }
    }

    /// Mean square of each channel.
    public var meanSquares: [Float] {
        zip(means, deviations).map { $0 * $0 + $1 / Float(max(1, tokenCount)) }
    }

    /// Mean over the tokens that do not stand at the first position; over all where there are none.
    public var laterMeans: [Float] {
        let later = tokenCount - firstPositionCount
        guard later > 0 else { return means }
        let (all, first) = (Double(tokenCount), Double(firstPositionCount))
        return zip(means, firstPositionMeans).map {
            Float((all * Double($0) - first * Double($1)) / Double(later))
        }
    }

    /// Lets a batch in.
    public mutating func add(_ batch: BatchSums) {
        precondition(batch.width == width, "one sum a channel")
        running?.add(batch, samplesBefore: sampleCount)
        let before = tokenCount
        let added = batch.lengths.reduce(0, +)
        guard added > 0 else { return }
        let (old, new) = (Double(before), Double(added))
        let firsts = firstPositionCount + batch.firstPositionCount
        for channel in 0..<width {
            let (sum, squares) = batch.totals(channel)
            let mean = sum / new
            let spread = max(0, squares - mean * sum)
            let difference = mean - Double(means[channel])
            means[channel] = Float(Double(means[channel]) + difference * new / (old + new))
            deviations[channel] = Float(
                Double(deviations[channel]) + spread
                    + difference * difference * old * new / (old + new)
            )
            guard firsts > 0 else { continue }
            let first = Double(firstPositionMeans[channel]) * Double(firstPositionCount)
            firstPositionMeans[channel] = Float(
                (first + Double(batch.firstPositionSums[channel])) / Double(firsts)
            )
        }
        tokenCount += added
        sampleCount += batch.lengths.count
        firstPositionCount = firsts
    }

    /// Lets the moments of another text in (Chan's rule); what depends on the order is dropped.
    public mutating func merge(_ other: ChannelMoments) {
        precondition(other.width == width, "one value a channel")
        let all = tokenCount + other.tokenCount
        let firsts = firstPositionCount + other.firstPositionCount
        running = nil
        guard all > 0 else { return }
        let share = Double(other.tokenCount) / Double(all)
        let firstShare = firsts == 0 ? 0 : Double(other.firstPositionCount) / Double(firsts)
        for channel in 0..<width {
            let difference = Double(other.means[channel]) - Double(means[channel])
            means[channel] = Float(Double(means[channel]) + share * difference)
            deviations[channel] = Float(
                Double(deviations[channel]) + Double(other.deviations[channel])
                    + difference * difference * share * Double(tokenCount)
            )
            let first = Double(firstPositionMeans[channel])
            firstPositionMeans[channel] = Float(
                first + firstShare * (Double(other.firstPositionMeans[channel]) - first)
            )
        }
        tokenCount = all
        sampleCount += other.sampleCount
        firstPositionCount = firsts
    }
}
