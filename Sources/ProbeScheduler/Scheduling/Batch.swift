/// What one step of the engine runs: a value, decided before anything happens.
public struct Batch: Sendable, Equatable {
    /// What the tokens of a batch are.
    public enum Phase: Sendable, Equatable {
        /// Tokens of prompts, many a sequence; a probe looks at them.
        case prefill
        /// The last token of each sequence.
        case decode
    }

    /// A run of tokens of one sequence.
    public struct Chunk: Sendable, Equatable {
        /// The sequence.
        public let id: RequestID
        /// Which of its tokens.
        public let tokens: Range<Int>
        /// Whether a token is sampled after the last of them.
        public let samples: Bool
    }

    /// Prefill or decode.
    public let phase: Phase
    /// What all of its members have in common.
    public let maskClass: MaskClass
    /// Runs of tokens, in order of rank: of arrival, where priorities are equal.
    public let chunks: [Chunk]

    /// Tokens in all.
    public var tokenCount: Int { chunks.reduce(0) { $0 + $1.tokens.count } }
}
