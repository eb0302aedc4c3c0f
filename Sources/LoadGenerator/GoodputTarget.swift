/// What a request must keep to be of use: a bound on one of its latencies.
public struct GoodputTarget: Sendable, Equatable {
    /// A latency of one request.
    public enum Measure: String, Sendable, CaseIterable {
        /// Time to first token.
        case timeToFirstToken = "ttft"
        /// Mean time from one token to the next.
        case interTokenLatency = "itl"
        /// From sending to the last byte.
        case endToEnd = "e2e"
    }

    /// Which latency.
    public let measure: Measure
    /// Its largest value, in milliseconds.
    public let milliseconds: Double

    /// Reads `ttft:500`; `tpot` and `e2el`, as in vLLM, stand for `itl` and `e2e`.
    ///
    /// - Throws: `LoadError.invalidGoodputTarget`.
    public init(_ text: String) throws(LoadError) {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        let names = ["tpot": "itl", "e2el": "e2e"]
        guard parts.count == 2,
            let measure = Measure(rawValue: names[String(parts[0])] ?? String(parts[0])),
            let value = Double(parts[1]), value > 0, value.isFinite
        else {
            throw .invalidGoodputTarget(
                text,
                expected: "ttft, itl, tpot, e2e or e2el, a colon, and milliseconds"
            )
        }
        self.measure = measure
        milliseconds = value
    }

    /// Whether a finished request kept it; one of a single token has no gap to be late in.
    func isMet(by record: RequestRecord) -> Bool {
        let seconds =
            switch measure {
            case .timeToFirstToken: record.timeToFirstToken
            case .interTokenLatency: record.meanInterTokenLatency
            case .endToEnd: record.duration
            }
        return (seconds ?? 0) * 1_000 <= milliseconds
    }
}

extension GoodputTarget: CustomStringConvertible {
    /// As in a sentence.
    public var description: String { "\(measure.rawValue) ≤ \(milliseconds) ms" }
}
