/// A prefill batch in the making.
struct PrefillDraft {
    private var tokenBudget: Int
    private var maskClass: MaskClass?
    private var chunks: [Batch.Chunk] = []

    init(tokenBudget: Int) {
        self.tokenBudget = tokenBudget
    }

    /// Whether another chunk could join.
    var hasRoom: Bool {
        tokenBudget > 0 && (chunks.isEmpty || maskClass?.scope != .sequence)
    }

    /// Whether sequences of a class may join.
    func accepts(_ maskClass: MaskClass) -> Bool {
        self.maskClass == nil || self.maskClass == maskClass
    }

    /// Takes as much of a sequence as the budget allows; nothing when its class may not join.
    mutating func add(_ sequence: SequenceState) {
        guard hasRoom, accepts(sequence.maskClass) else { return }
        maskClass = sequence.maskClass
        let count = min(tokenBudget, sequence.pendingTokenCount)
        let end = sequence.computedTokenCount + count
        tokenBudget -= count
        chunks.append(
            Batch.Chunk(
                id: sequence.request.id,
                tokens: sequence.computedTokenCount..<end,
                samples: end == sequence.tokens.count
            )
        )
    }

    /// The batch; nil when nothing has joined.
    var batch: Batch? {
        guard let maskClass, !chunks.isEmpty else { return nil }
        return Batch(phase: .prefill, maskClass: maskClass, chunks: chunks)
    }
}
