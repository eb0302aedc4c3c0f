/// One timed piece of work: some tokens after an untimed context, in each of some sequences.
public struct SpeedTest: Sendable, Equatable {
    /// What is timed.
    public enum Phase: Sendable, Equatable {
        /// All tokens of a sequence at once.
        case prefill
        /// One token of every sequence a step.
        case decode
    }

    /// Name in reports, as llama-bench has it: `pp512`, `tg128`.
    public let name: String
    /// Prefill or decode.
    public let phase: Phase
    /// Sequences at once.
    public let sequenceCount: Int
    /// Tokens of a sequence that come before, untimed.
    public let contextLength: Int
    /// Timed tokens of a sequence.
    public let tokenCount: Int

    /// - Parameters:
    ///   - name: Name in reports.
    ///   - phase: Prefill or decode.
    ///   - sequenceCount: Sequences at once, at least 1.
    ///   - contextLength: Untimed tokens before; for decode at least 1.
    ///   - tokenCount: Timed tokens of a sequence, at least 1.
    public init(
        name: String,
        phase: Phase,
        sequenceCount: Int,
        contextLength: Int,
        tokenCount: Int
    ) {
        self.name = name
        self.phase = phase
        self.sequenceCount = sequenceCount
        self.contextLength = contextLength
        self.tokenCount = tokenCount
    }

    /// Prefill of empty caches.
    public static func prefill(_ tokenCount: Int, sequenceCount: Int = 1) -> SpeedTest {
        SpeedTest(
            name: "pp\(tokenCount)",
            phase: .prefill,
            sequenceCount: sequenceCount,
            contextLength: 0,
            tokenCount: tokenCount
        )
    }

    /// Decode after a context.
    public static func decode(
        _ tokenCount: Int,
        sequenceCount: Int = 1,
        contextLength: Int = 8
    ) -> SpeedTest {
        SpeedTest(
            name: "tg\(tokenCount)",
            phase: .decode,
            sequenceCount: sequenceCount,
            contextLength: contextLength,
            tokenCount: tokenCount
        )
    }

    /// Tokens that a sequence holds at the end.
    public var length: Int { contextLength + tokenCount }

    /// Timed tokens of all sequences.
    public var timedTokenCount: Int { sequenceCount * tokenCount }

    /// The prompt of a sequence: a fixed scatter over the vocabulary, the same for every engine that
    /// is compared.
    func prompt(_ sequence: Int, vocabularySize: Int) -> [Int32] {
        (0..<(phase == .prefill ? tokenCount : contextLength)).map {
            Int32((1 + 1009 * sequence + 7919 * $0) % vocabularySize)
        }
    }
}
