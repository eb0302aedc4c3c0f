import Foundation

/// How far a pruned model's predictions lie from the dense model's, token by token.
public struct Divergence: Sendable {
    /// Kullback-Leibler divergence of the pruned from the dense distribution at each token, in nats.
    public private(set) var divergences: [Double] = []
    /// Tokens at which both models think the same token likeliest.
    public private(set) var agreementCount = 0
    /// Pruned minus dense mean log-likelihood of each window, in nats a token.
    public private(set) var windowChanges: [Double] = []

    /// Nothing compared.
    public init() {}

    /// Adds one token.
    mutating func add(divergence: Double, agrees: Bool) {
        divergences.append(divergence)
        if agrees { agreementCount += 1 }
    }

    /// Adds one window's change of mean log-likelihood.
    mutating func add(windowChange: Double) {
        windowChanges.append(windowChange)
    }

    /// Mean divergence, in nats a token.
    public var mean: Double { divergences.mean }

    /// Standard error of the mean divergence, from windows of equal length taken as independent.
    public var meanStandardError: Double {
        guard !windowChanges.isEmpty else { return 0 }
        let size = divergences.count / windowChanges.count
        let means = windowChanges.indices.map {
            Array(divergences[$0 * size..<($0 + 1) * size]).mean
        }
        return means.standardErrorOfMean
    }

    /// The divergence that 99 tokens in 100 do not exceed (nearest rank).
    public var percentile99: Double {
        let ranked = divergences.sorted()
        guard !ranked.isEmpty else { return 0 }
        return ranked[min(ranked.count - 1, Int((0.99 * Double(ranked.count)).rounded(.up)) - 1)]
    }

    /// Share of tokens at which both models think the same token likeliest.
    public var agreement: Double {
        divergences.isEmpty ? 1 : Double(agreementCount) / Double(divergences.count)
    }

    /// Change of the mean log-likelihood, pruned minus dense, in nats a token.
    public var change: Double { windowChanges.mean }

    /// Standard error of that change, windows taken as independent.
    public var changeStandardError: Double { windowChanges.standardErrorOfMean }
}
