/// How far one pruned answer's predictions were from the dense model's, as means over its tokens.
public struct AnswerDivergence: Sendable, Equatable {
    /// KL(dense ‖ pruned), in nats.
    public var kullbackLeibler: Double
    /// Share of positions where both find the same token likeliest.
    public var topAgreement: Double
    /// Log-likelihood of the answer's tokens when pruned, minus that when dense, in nats.
    public var logLikelihoodChange: Double

    /// The divergence of an answer; none unless given.
    public init(
        kullbackLeibler: Double = 0,
        topAgreement: Double = 1,
        logLikelihoodChange: Double = 0
    ) {
        self.kullbackLeibler = kullbackLeibler
        self.topAgreement = topAgreement
        self.logLikelihoodChange = logLikelihoodChange
    }
}
