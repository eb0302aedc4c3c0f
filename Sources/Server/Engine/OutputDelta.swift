import ProbeScheduler
import Runtime

/// What has come for one choice since its reader last looked; later outputs are merged into it.
struct OutputDelta: Sendable {
    /// New text.
    var text = ""
    /// New tokens; one that ends the text is not among them.
    var tokens: [Int32] = []
    /// Tokens sampled, one that ends the text included.
    var sampledCount = 0
    /// Of the new tokens, when asked.
    var logprobs: [TokenLogprob] = []
    /// Once, when asked: one for each prompt token.
    var promptLogprobs: [TokenLogprob?] = []
    /// Why the choice ended.
    var finishReason: FinishReason?
    /// With the finish reason: what was run.
    var work: RequestWork?

    /// Nothing to tell.
    var isEmpty: Bool { sampledCount == 0 && finishReason == nil && promptLogprobs.isEmpty }

    /// Adds what came later.
    mutating func merge(_ later: OutputDelta) {
        text += later.text
        tokens += later.tokens
        sampledCount += later.sampledCount
        logprobs += later.logprobs
        promptLogprobs += later.promptLogprobs
        finishReason = later.finishReason ?? finishReason
        work = later.work ?? work
    }

    /// One step's output.
    init(_ output: EngineOutput, scoresPromptOnly: Bool) {
        text = output.text
        tokens = output.token.map { [$0] } ?? []
        sampledCount = scoresPromptOnly ? 0 : 1
        logprobs = scoresPromptOnly ? [] : output.logprob.map { [$0] } ?? []
        promptLogprobs = output.promptLogprobs
        finishReason = output.finishReason
        work = output.work
    }

    init() {}
}
