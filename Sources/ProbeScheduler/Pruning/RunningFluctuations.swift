/// FLAP's estimates of how much each channel fluctuates, as two published programs compute them.
///
/// Neither is a variance, and both depend on the order of the samples; the specification of the static
/// baselines, §1 and §7, has the closed forms.
public struct RunningFluctuations: Sendable, Equatable {
    /// FLAP's released code: sample by sample, the new mean in place of the old one.
    public private(set) var released: [Float]
    /// The re-implementation beside Probe Pruning: batch by batch, with its mean weighted too little.
    public private(set) var reimplemented: [Float]
    /// That mean: a batch enters with the weight of one sample.
    public private(set) var reimplementedMeans: [Float]
    /// The same with the mean weighted correctly.
    public private(set) var corrected: [Float]
    /// Mean over samples of each sample's mean: FLAP's mean, and the corrected one.
    public private(set) var sampleMeans: [Float]

    /// Estimates that have seen nothing.
    public init(width: Int) {
        released = [Float](repeating: 0, count: width)
        reimplemented = released
        reimplementedMeans = released
        corrected = released
        sampleMeans = released
    }

    /// Estimates read from a file: `released`, `reimplemented`, `reimplementedMeans`, `corrected`,
    /// `sampleMeans`, in this order and of one width.
    public init(_ lists: [[Float]]) {
        precondition(lists.count == Self.listCount, "five lists")
        released = lists[0]
        reimplemented = lists[1]
        reimplementedMeans = lists[2]
        corrected = lists[3]
        sampleMeans = lists[4]
    }

    /// Lists in all.
    public static let listCount = 5

    /// The lists in the order in which a file has them.
    public var lists: [[Float]] {
        [released, reimplemented, reimplementedMeans, corrected, sampleMeans]
    }

    /// Lets a batch in.
    mutating func add(_ batch: BatchSums, samplesBefore: Int) {
        guard !batch.lengths.isEmpty else { return }
        for channel in released.indices {
            let sampleMean = addBatch(batch, channel, samplesBefore: samplesBefore)
            addSamples(batch, channel, samplesBefore: samplesBefore)
            sampleMeans[channel] = Float(sampleMean)
        }
    }

    /// `F ← F (n − 2)/(n − 1) + Σ_t (x − m_n)² / n`, from the second sample on.
    private mutating func addSamples(_ batch: BatchSums, _ channel: Int, samplesBefore: Int) {
        var mean = Double(sampleMeans[channel])
        var fluctuation = Double(released[channel])
        var count = Double(samplesBefore)
        for (sample, length) in batch.lengths.enumerated() where length > 0 {
            let (sum, squares) = batch.sums(sample, channel)
            count += 1
            mean += (sum / Double(length) - mean) / count
            guard count > 1 else { continue }
            let spread = squares - 2 * mean * sum + Double(length) * mean * mean
            fluctuation = fluctuation * (count - 2) / (count - 1) + spread / count
        }
        released[channel] = Float(fluctuation)
    }

    /// `F ← F (n − 1)/(n + B − 1) + Σ (x − m_new)(x − m_old) / (n + B)`, from the second batch on.
    ///
    /// - Returns: The corrected mean.
    private mutating func addBatch(
        _ batch: BatchSums,
        _ channel: Int,
        samplesBefore: Int
    ) -> Double {
        let (old, added) = (Double(samplesBefore), Double(batch.lengths.count))
        let all = old + added
        var mean = 0.0
        for (sample, length) in batch.lengths.enumerated() where length > 0 {
            mean += batch.sums(sample, channel).sum / Double(length) / added
        }
        let (sum, squares) = batch.totals(channel)
        let tokens = Double(batch.lengths.reduce(0, +))
        func next(_ fluctuation: Float, from oldMean: Double, to newMean: Double) -> Float {
            guard old > 0 else { return 0 }
            let spread = squares - (oldMean + newMean) * sum + tokens * oldMean * newMean
            return Float(Double(fluctuation) * (old - 1) / (all - 1) + spread / all)
        }
        let oldMean = Double(sampleMeans[channel])
        let newMean = (oldMean * old + mean * added) / all
        corrected[channel] = next(corrected[channel], from: oldMean, to: newMean)
        let oldLight = Double(reimplementedMeans[channel])
        let newLight = (oldLight * old + mean) / all
        reimplemented[channel] = next(reimplemented[channel], from: oldLight, to: newLight)
        reimplementedMeans[channel] = Float(newLight)
        return newMean
    }
}
