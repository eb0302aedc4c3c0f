/// What was measured of one request; times are seconds.
public struct RequestRecord: Sendable {
    /// How a request ended.
    public enum Outcome: Sendable, Equatable {
        /// With its whole answer.
        case completed
        /// Without.
        case failed(RequestFailure)
        /// It did not: the run was interrupted.
        case unfinished
    }

    /// When it was sent, from the beginning of the run.
    public var sent = 0.0
    /// How much later than planned it was sent.
    public var lag = 0.0
    /// When each chunk with text came, from sending.
    public var chunkTimes: [Double] = []
    /// From sending to the last byte.
    public var duration = 0.0
    /// Tokens of the prompt, as the server counts them.
    public var promptTokenCount: Int?
    /// Tokens of the answer, as the server counts them.
    public var reportedOutputTokenCount: Int?
    /// How it ended.
    public var outcome = Outcome.unfinished

    /// A request of which nothing is known yet.
    public init() {}

    /// Tokens of the answer: the server's count, or else the chunks'.
    public var outputTokenCount: Int { reportedOutputTokenCount ?? chunkTimes.count }

    /// From sending to the first text; to the end of an answer of tokens without text.
    public var timeToFirstToken: Double? {
        chunkTimes.first ?? (outputTokenCount > 0 ? duration : nil)
    }

    /// Gaps between chunks.
    public var interTokenLatencies: [Double] {
        zip(chunkTimes.dropFirst(), chunkTimes).map { $0 - $1 }
    }

    /// Time a token after the first, whatever chunks they came in; nil for fewer than two tokens.
    public var meanInterTokenLatency: Double? {
        guard outputTokenCount > 1, let first = chunkTimes.first, let last = chunkTimes.last,
            chunkTimes.count > 1
        else { return nil }
        return (last - first) / Double(outputTokenCount - 1)
    }
}
