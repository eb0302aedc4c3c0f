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

    init(_ request: Request, tokenizer: Tokenizer, endOfText: Set<Int32>, seed: UInt64) {
        self.request = request
        self.endOfText = request.sampling.ignoresEndOfText ? [] : endOfText
        sampler = Sampler(request.sampling, seed: seed)
        decoder = TokenDecoder(tokenizer: tokenizer, continuesText: true)
        stopStrings = StopStrings(request.sampling.stop)
    }

    /// Draws the next token.
    mutating func sample(_ logits: Span<Float>, _ state: SequenceState) -> Int32 {
        sampler.next(logits, prompt: request.promptTokens, generated: state.generatedTokens)
    }

    /// Takes a sampled token, which is already the last of `state`.
    mutating func append(_ token: Int32, _ state: SequenceState, isContextFull: Bool)
        -> EngineOutput
    {
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
