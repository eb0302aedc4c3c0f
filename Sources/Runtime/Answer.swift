import Kernels
import ProbeScheduler
import Tokenizers

/// The growing answer to one request: its sampler, its decoder, its stop strings.
struct Answer {
    private let request: Request
    private let endOfText: Set<Int32>
    private var sampler: Sampler
    private var decoder: TokenDecoder
    private var stopStrings: StopStrings
    private var promptLogprobs: [TokenLogprob?] = []
    private var logprob: TokenLogprob?
    /// What was run for the request so far.
    var work = RequestWork()

    init(_ request: Request, tokenizer: Tokenizer, endOfText: Set<Int32>, seed: UInt64) {
        self.request = request
        self.endOfText = request.sampling.ignoresEndOfText ? [] : endOfText
        sampler = Sampler(request.sampling, seed: seed)
        decoder = TokenDecoder(tokenizer: tokenizer, continuesText: true)
        stopStrings = StopStrings(request.sampling.stop)
        if scoresPrompt {
            promptLogprobs = [TokenLogprob?](repeating: nil, count: request.promptTokens.count)
        }
    }

    /// Whether the prompt's tokens are scored.
    var scoresPrompt: Bool { request.logprobs?.scoresPrompt ?? false }

    /// Takes the logits at a position of the prompt, which speak of the token after it.
    mutating func scorePrompt(_ logits: Span<Float>, at position: Int) {
        guard let options = request.logprobs, position + 1 < promptLogprobs.count else { return }
        promptLogprobs[position + 1] = TokenLogprob(
            of: request.promptTokens[position + 1],
            in: logits,
            topCount: options.topCount
        )
    }

    /// Draws the next token.
    mutating func sample(_ logits: Span<Float>, _ state: SequenceState) -> Int32 {
        let token = sampler.next(
            logits,
            prompt: request.promptTokens,
            generated: state.generatedTokens
        )
        if let options = request.logprobs {
            logprob = TokenLogprob(of: token, in: logits, topCount: options.topCount)
        }
        return token
    }

    /// Takes a sampled token, which is already the last of `state`.
    mutating func append(_ token: Int32, _ state: SequenceState, isContextFull: Bool)
        -> EngineOutput
    {
        var output = output(of: token, state, isContextFull: isContextFull)
        output.logprob = logprob
        output.promptLogprobs = promptLogprobs
        promptLogprobs = []
        if output.finishReason != nil { output.work = work }
        return output
    }

    private mutating func output(of token: Int32, _ state: SequenceState, isContextFull: Bool)
        -> EngineOutput
    {
        guard request.sampling.maxTokens > 0 else {
            return EngineOutput(id: request.id, token: nil, text: "", finishReason: .length)
        }
        if endOfText.contains(token) {
            let text = stopStrings.append(decoder.finish()) + stopStrings.finish()
            return EngineOutput(id: request.id, token: nil, text: text, finishReason: .stop)
        }
        var text = stopStrings.append(decoder.append(token))
        var reason: FinishReason?
        if stopStrings.matched != nil {
            reason = .stop
        } else if isContextFull || state.generatedTokens.count >= request.sampling.maxTokens {
            text += stopStrings.append(decoder.finish())
            reason = stopStrings.matched == nil ? .length : .stop
        }
        if reason != nil { text += stopStrings.finish() }
        return EngineOutput(id: request.id, token: token, text: text, finishReason: reason)
    }
}
