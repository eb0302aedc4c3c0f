/// Names a request; the caller chooses it, unique among those under way.
public struct RequestID: Hashable, Sendable, Comparable {
    /// The number that the caller chose.
    public let value: Int

    /// A name.
    public init(_ value: Int) {
        self.value = value
    }

    /// By number.
    public static func < (left: Self, right: Self) -> Bool { left.value < right.value }
}

/// A prompt to be continued.
public struct Request: Sendable, Equatable {
    /// Its name.
    public let id: RequestID
    /// Tokens of the prompt, at least one.
    public let promptTokens: [Int32]
    /// How its tokens are drawn.
    public let sampling: SamplingParameters
    /// With which requests it may share a batch; nil: the engine's own class.
    public var maskClass: MaskClass?
    /// Larger goes first, cut to `Scheduler.priorityRange`.
    public var priority: Int
    /// Which log-probabilities it wants; nil: none.
    public var logprobs: LogprobOptions?

    /// A request.
    ///
    /// - Parameters:
    ///   - id: Its name.
    ///   - promptTokens: Tokens of the prompt, at least one.
    ///   - sampling: How its tokens are drawn.
    ///   - maskClass: With which requests it may share a batch; nil: the engine's own class.
    ///   - priority: Larger goes first.
    ///   - logprobs: Which log-probabilities it wants.
    public init(
        id: RequestID,
        promptTokens: [Int32],
        sampling: SamplingParameters,
        maskClass: MaskClass? = nil,
        priority: Int = 0,
        logprobs: LogprobOptions? = nil
    ) {
        self.id = id
        self.promptTokens = promptTokens
        self.sampling = sampling
        self.maskClass = maskClass
        self.priority = priority
        self.logprobs = logprobs
    }
}

/// Why a sequence ended.
public enum FinishReason: String, Sendable, Equatable {
    /// An end-of-text token or a stop string.
    case stop
    /// The limit on tokens, or the end of the context.
    case length
    /// The caller no longer wants it.
    case abort
}
