/// Which log-probabilities a request wants.
public struct LogprobOptions: Sendable, Equatable {
    /// Most likely tokens that are listed at each position, besides the chosen one.
    public var topCount: Int
    /// Whether the prompt's own tokens are scored too.
    public var scoresPrompt: Bool

    /// Log-probabilities of the answer, and of the prompt when asked.
    public init(topCount: Int, scoresPrompt: Bool = false) {
        self.topCount = topCount
        self.scoresPrompt = scoresPrompt
    }
}
