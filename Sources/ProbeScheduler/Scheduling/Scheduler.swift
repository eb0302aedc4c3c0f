import DequeModule

/// Decides what each step of the engine runs: continuous batching with chunked prefill.
///
/// A step is either a prefill, whose chunks form one Probe Pruning batch, or a decode of all running
/// sequences. Prefill goes first, in order of arrival, while sequences, tokens and blocks last. When
/// a decode finds no free block, the youngest running sequence is put back and computed again later.
/// Pure: no clock, no model, no I/O; the same calls give the same batches.
public struct Scheduler: Sendable {
    /// The bounds in force.
    public let configuration: SchedulerConfiguration
    private var waiting: Deque<RequestID> = []
    /// Sequences with computed tokens, in order of arrival.
    private var running: [RequestID] = []
    private var sequences: [RequestID: SequenceState] = [:]
    private var pool: BlockPool
    /// Under the scope `sequence`, decode steps take the running sequences in turn.
    private var turn = 0

    /// A scheduler with nothing to do.
    public init(_ configuration: SchedulerConfiguration) {
        self.configuration = configuration
        pool = BlockPool(blockCount: configuration.blockCount)
    }

    /// Whether any sequence is under way.
    public var hasWork: Bool { !sequences.isEmpty }

    /// Blocks that no sequence holds.
    public var freeBlockCount: Int { pool.freeCount }

    /// Sequences that hold computed tokens, in order of arrival.
    public var runningIDs: [RequestID] { running }

    /// A sequence under way.
    public subscript(id: RequestID) -> SequenceState? { sequences[id] }

    // MARK: - Requests

    /// Puts a request in the queue.
    ///
    /// - Throws: `SchedulerError` when it could never run.
    public mutating func add(_ request: Request) throws(SchedulerError) {
        let count = request.promptTokens.count
        guard count > 0 else { throw .emptyPrompt(request.id) }
        guard count < configuration.maxModelLength else {
            throw .promptTooLong(
                request.id,
                tokens: count,
                limit: configuration.maxModelLength
            )
        }
        let blocks = blockCount(tokens: count + 1)
        guard blocks <= configuration.blockCount else {
            throw .cacheTooSmall(
                request.id,
                blocks: blocks,
                available: configuration.blockCount
            )
        }
        guard sequences[request.id] == nil else { throw .duplicateID(request.id) }
        sequences[request.id] = SequenceState(request)
        waiting.append(request.id)
    }

    /// Ends a sequence, wherever it is, and frees its blocks; unknown names are ignored.
    ///
    /// - Returns: The sequence as it ended.
    @discardableResult
    public mutating func finish(_ id: RequestID) -> SequenceState? {
        guard let sequence = sequences.removeValue(forKey: id) else { return nil }
        pool.release(sequence.blocks)
        waiting.removeAll { $0 == id }
        running.removeAll { $0 == id }
        return sequence
    }

    // MARK: - Steps

    /// The next step; nil when there is nothing to do.
    public mutating func schedule() -> Batch? {
        schedulePrefill() ?? scheduleDecode()
    }

    /// Records that a batch has run.
    ///
    /// - Parameters:
    ///   - batch: What `schedule` gave.
    ///   - sampled: The token sampled for each chunk that asked for one.
    public mutating func complete(_ batch: Batch, sampled: [RequestID: Int32]) {
        for chunk in batch.chunks {
            sequences[chunk.id]?.computedTokenCount = chunk.tokens.upperBound
            if let token = sampled[chunk.id] { sequences[chunk.id]?.append(token) }
        }
    }

    private mutating func schedulePrefill() -> Batch? {
        var budget = configuration.maxNumBatchedTokens
        var chunks: [Batch.Chunk] = []
        let limit = configuration.maskScope == .sequence ? 1 : Int.max
        // Prompts begun in an earlier step come first.
        for id in running where budget > 0 && chunks.count < limit {
            guard let sequence = sequences[id], sequence.pendingTokenCount > 1 else { continue }
            chunks.append(chunk(sequence, budget: &budget))
        }
        while budget > 0, chunks.count < limit, running.count < configuration.maxNumSeqs,
            let id = waiting.first, let sequence = sequences[id],
            reserve(id, tokens: sequence.tokens.count)
        {
            waiting.removeFirst()
            running.append(id)
            chunks.append(chunk(sequence, budget: &budget))
        }
        return chunks.isEmpty ? nil : Batch(phase: .prefill, chunks: chunks)
    }

    private mutating func scheduleDecode() -> Batch? {
        var index = 0
        while index < running.count {
            guard let sequence = sequences[running[index]] else { break }
            while !reserve(sequence.request.id, tokens: sequence.tokens.count) {
                preemptYoungest()
                if index >= running.count { break }
            }
            index += 1
        }
        guard !running.isEmpty else { return nil }
        var ids = running
        if configuration.maskScope == .sequence {
            turn = (turn + 1) % running.count
            ids = [running[turn]]
        }
        let chunks = ids.compactMap { sequences[$0] }.map { sequence in
            Batch.Chunk(
                id: sequence.request.id,
                tokens: sequence.computedTokenCount..<sequence.tokens.count,
                samples: true
            )
        }
        return Batch(phase: .decode, chunks: chunks)
    }

    private func chunk(_ sequence: SequenceState, budget: inout Int) -> Batch.Chunk {
        let count = min(budget, sequence.pendingTokenCount)
        budget -= count
        let end = sequence.computedTokenCount + count
        return Batch.Chunk(
            id: sequence.request.id,
            tokens: sequence.computedTokenCount..<end,
            samples: end == sequence.tokens.count
        )
    }

    // MARK: - Blocks

    private func blockCount(tokens: Int) -> Int {
        (tokens + configuration.blockSize - 1) / configuration.blockSize
    }

    /// Makes the sequence own blocks for `tokens` tokens; false, and nothing changed, when they lack.
    private mutating func reserve(_ id: RequestID, tokens: Int) -> Bool {
        guard let owned = sequences[id]?.blocks.count else { return false }
        let missing = blockCount(tokens: tokens) - owned
        guard missing > 0 else { return true }
        guard let blocks = pool.allocate(missing) else { return false }
        sequences[id]?.blocks += blocks
        return true
    }

    private mutating func preemptYoungest() {
        guard let id = running.popLast() else { return }
        pool.release(sequences[id]?.blocks ?? [])
        sequences[id]?.blocks = []
        sequences[id]?.computedTokenCount = 0
        waiting.prepend(id)
    }

    // MARK: - Invariants

    /// What is wrong with the scheduler's state; nil when every invariant holds.
    public var brokenInvariant: String? {
        let held = sequences.values.flatMap(\.blocks)
        if Set(held).count != held.count { return "a block has two owners" }
        if held.count + pool.freeCount != configuration.blockCount { return "blocks are lost" }
        let queued = Array(waiting) + running
        if Set(queued).count != queued.count { return "a sequence is queued twice" }
        if Set(queued) != Set(sequences.keys) { return "a sequence is lost" }
        if running.count > configuration.maxNumSeqs { return "too many sequences run" }
        return nil
    }
}
