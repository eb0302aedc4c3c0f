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

    /// A request.
    public init(id: RequestID, promptTokens: [Int32], sampling: SamplingParameters) {
        self.id = id
        self.promptTokens = promptTokens
        self.sampling = sampling
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
