import ProbeScheduler

/// What a client asked for, checked: prompts as tokens, and how to answer.
struct GenerationCall: Sendable {
    /// Which endpoint's words the answer uses.
    enum Kind: Sendable, Equatable {
        case completion
        case chat
    }

    /// Which endpoint's words the answer uses.
    let kind: Kind
    /// Tokens of each prompt.
    let prompts: [[Int32]]
    /// Answers to each prompt.
    let choiceCount: Int
    /// How tokens are drawn; `maxTokens` is nil's stand-in where the client gave none.
    let sampling: SamplingParameters
    /// Ratio and scope in force.
    let maskClass: MaskClass
    /// Smaller in the API goes first; larger here.
    let priority: Int
    /// Which log-probabilities are wanted.
    let logprobs: LogprobOptions?
    /// Whether a completion repeats its prompt.
    let echo: Bool
    /// Whether the answer is streamed.
    let stream: Bool
    /// Whether a stream ends with a chunk of usage.
    let includesUsage: Bool

    /// Choices in all, in the order of prompts.
    var totalChoiceCount: Int { prompts.count * choiceCount }

    /// Tokens of all prompts.
    var promptTokenCount: Int { prompts.reduce(0) { $0 + $1.count } }

    /// One request a choice; the seed of a prompt's k-th choice is the client's plus k.
    ///
    /// - Parameter firstID: Names are given from here on.
    /// - Returns: The requests, in the order of choices.
    func requests(firstID: Int) -> [Request] {
        (0..<totalChoiceCount).map { index in
            var sampling = sampling
            sampling.seed = sampling.seed.map { $0 &+ UInt64(index % choiceCount) }
            return Request(
                id: RequestID(firstID + index),
                promptTokens: prompts[index / choiceCount],
                sampling: sampling,
                maskClass: maskClass,
                priority: priority,
                logprobs: logprobs
            )
        }
    }
}
