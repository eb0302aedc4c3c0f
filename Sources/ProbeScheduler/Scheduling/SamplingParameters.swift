/// How a sequence's tokens are drawn, and when it ends.
public struct SamplingParameters: Sendable, Equatable {
    /// 0: greedy.
    public var temperature: Float = 0
    /// Keeps the most likely tokens; 0: all.
    public var topK = 0
    /// Keeps the smallest set of most likely tokens whose probability reaches this; 1: all.
    public var topP: Float = 1
    /// Keeps tokens at least this likely, relative to the most likely one; 0: all.
    public var minP: Float = 0
    /// Divides positive and multiplies negative logits of tokens that have occurred; 1: off.
    public var repetitionPenalty: Float = 1
    /// Subtracted from the logits of generated tokens; 0: off.
    public var presencePenalty: Float = 0
    /// Subtracted once for each time that a token was generated; 0: off.
    public var frequencyPenalty: Float = 0
    /// Added to the logits of the given tokens.
    public var logitBias: [Int32: Float] = [:]
    /// Seed of this sequence alone; nil: derived from the engine's.
    public var seed: UInt64?
    /// Most tokens to generate; 0: only the prompt is scored.
    public var maxTokens = 128
    /// Texts that end the sequence; they are not part of its text.
    public var stop: [String] = []
    /// Whether to go on after an end-of-text token.
    public var ignoresEndOfText = false

    /// Greedy, up to 128 tokens.
    public init() {}
}
