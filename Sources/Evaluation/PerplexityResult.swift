import Foundation
public import Runtime

/// Likelihoods of a text under one method, and what the passes cost.
public struct PerplexityResult: Sendable {
    /// Mean negative log-likelihood of each window, in nats a token.
    public let windowMeans: [Double]
    /// Tokens predicted in each window.
    public let tokensPerWindow: Int
    /// Work and wall time of all passes.
    public let report: ForwardReport

    /// Tokens predicted in all.
    public var tokenCount: Int { windowMeans.count * tokensPerWindow }

    /// Mean negative log-likelihood over all predicted tokens, in nats a token.
    public var negativeLogLikelihood: Double {
        windowMeans.reduce(0, +) / Double(windowMeans.count)
    }

    /// `exp` of the mean negative log-likelihood.
    public var perplexity: Double { exp(negativeLogLikelihood) }

    /// Standard error of the mean negative log-likelihood, windows taken as independent.
    public var standardError: Double { windowMeans.standardErrorOfMean }

    /// Standard error of the perplexity, to first order.
    public var perplexityStandardError: Double { perplexity * standardError }

    /// Tokens that ran through the layers a second, output head not counted.
    public var prefillTokensPerSecond: Double {
        let tokens = Double(windowMeans.count * (tokensPerWindow + 1))
        return tokens / report.forwardDuration.seconds
    }
}
