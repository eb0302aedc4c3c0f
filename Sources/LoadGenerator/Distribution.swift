/// Mean and percentiles of a set of numbers.
public struct Distribution: Sendable, Codable, Equatable {
    /// Numbers in the set.
    public let count: Int
    /// Arithmetic mean.
    public let mean: Double
    /// The median.
    public let p50: Double
    /// Nine tenths are not above it.
    public let p90: Double
    /// All but one in a hundred are not above it.
    public let p99: Double
    /// The largest.
    public let max: Double

    /// Nil for an empty set.
    ///
    /// - Parameter values: In any order, finite.
    public init?(_ values: [Double]) {
        let sorted = values.sorted()
        guard let last = sorted.last else { return nil }
        count = sorted.count
        mean = sorted.reduce(0, +) / Double(sorted.count)
        p50 = Self.percentile(50, of: sorted)
        p90 = Self.percentile(90, of: sorted)
        p99 = Self.percentile(99, of: sorted)
        max = last
    }

    /// A percentile, linear between the two nearest numbers, as NumPy and vLLM take it.
    ///
    /// - Parameters:
    ///   - percent: In 0...100.
    ///   - sorted: Ascending, not empty.
    /// - Returns: A number between the smallest and the largest.
    static func percentile(_ percent: Double, of sorted: [Double]) -> Double {
        let rank = percent / 100 * Double(sorted.count - 1)
        let lower = Int(rank)
        let upper = Swift.min(lower + 1, sorted.count - 1)
        return sorted[lower] + (sorted[upper] - sorted[lower]) * (rank - Double(lower))
    }
}
