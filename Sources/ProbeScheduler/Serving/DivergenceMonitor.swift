/// How far pruned answers were from dense ones, over the last audits, and whether that is too far.
public struct DivergenceMonitor: Sendable, Equatable {
    /// Audits that count; the oldest leaves first.
    public static let windowLength = 32
    /// Audits before a breach is believed: one odd answer is not one.
    public static let leastCount = 4

    /// Audits so far.
    public private(set) var auditCount = 0
    /// Whether the limit has been passed; stays so.
    public private(set) var isBreached = false

    private let limit: Double?
    private var window: [AnswerDivergence] = []

    /// - Parameter limit: Largest mean Kullback–Leibler divergence, in nats a token; nil: none.
    public init(limit: Double?) {
        self.limit = limit
    }

    /// Takes an audit.
    public mutating func observe(_ divergence: AnswerDivergence) {
        auditCount += 1
        window.append(divergence)
        if window.count > Self.windowLength { window.removeFirst() }
        guard let limit, window.count >= Self.leastCount else { return }
        // A divergence that is no number is a breach too.
        if !(mean.kullbackLeibler <= limit) { isBreached = true }
    }

    /// The window's mean; zero divergence before the first audit.
    public var mean: AnswerDivergence {
        guard !window.isEmpty else { return AnswerDivergence() }
        let count = Double(window.count)
        return AnswerDivergence(
            kullbackLeibler: window.reduce(0) { $0 + $1.kullbackLeibler } / count,
            topAgreement: window.reduce(0) { $0 + $1.topAgreement } / count,
            logLikelihoodChange: window.reduce(0) { $0 + $1.logLikelihoodChange } / count
        )
    }
}
