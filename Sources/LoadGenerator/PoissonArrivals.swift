import Foundation

/// Arrivals that know nothing of one another: the gaps between them are exponentially distributed.
public struct PoissonArrivals: Sendable {
    /// Mean arrivals a second; positive and finite.
    public let rate: Double

    /// A process of the given rate, in requests a second.
    public init(rate: Double) {
        precondition(rate > 0 && rate.isFinite, "a rate is positive")
        self.rate = rate
    }

    /// The first arrivals.
    ///
    /// - Parameters:
    ///   - count: Not negative.
    ///   - generator: The same one gives the same times.
    /// - Returns: Times from the beginning, ascending; the first comes at once.
    public func times(
        _ count: Int,
        using generator: inout some RandomNumberGenerator
    ) -> [Duration] {
        var seconds = 0.0
        return (0..<count).map { index in
            // 1 − u lies in (0, 1], so the logarithm is finite.
            if index > 0 { seconds -= log(1 - Double.random(in: 0..<1, using: &generator)) / rate }
            return .seconds(seconds)
        }
    }
}
