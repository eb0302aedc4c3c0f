/// One request before it is sent.
public struct PlannedRequest: Sendable, Equatable {
    /// When it is sent, from the beginning of the run.
    public var arrival: Duration
    /// Words of its prompt, which are close to its tokens.
    public var promptTokenCount: Int
    /// Tokens that its answer may have.
    public var outputTokenCount: Int

    /// A request as planned.
    public init(arrival: Duration = .zero, promptTokenCount: Int, outputTokenCount: Int) {
        self.arrival = arrival
        self.promptTokenCount = promptTokenCount
        self.outputTokenCount = outputTokenCount
    }
}
