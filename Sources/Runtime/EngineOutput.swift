public import ProbeScheduler

/// What one step adds to one request.
public struct EngineOutput: Sendable, Equatable {
    /// The request.
    public let id: RequestID
    /// The new token; nil when it ends the text and is not part of it.
    public let token: Int32?
    /// New text, whole characters only; a possible beginning of a stop string is held back.
    public let text: String
    /// Why the request ended; nil: it goes on.
    public let finishReason: FinishReason?
    /// What the model thought of the sampled token, when asked; also of one that ends the text.
    public var logprob: TokenLogprob?
    /// With the first output, when asked: one for each prompt token, nil for the first.
    public var promptLogprobs: [TokenLogprob?] = []
    /// With the last output: what was run for the request.
    public var work: RequestWork?
}
