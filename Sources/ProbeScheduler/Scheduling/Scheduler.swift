import DequeModule

/// Decides what each step of the engine runs: continuous batching with chunked prefill.
///
/// A step is either a prefill, whose chunks form one Probe Pruning batch, or a decode; all members
/// of a step have one `MaskClass`. Prompts go in order of rank, which is arrival moved by priority,
/// while sequences, tokens and blocks last. Prefill and decode take turns: after a prefill step every
/// sequence that could decode before it decodes once, class by class, so that a long prompt delays
/// the next token by one chunk and no more. When a decode finds no free block, the running sequence
/// of the last rank is put back and computed again later; sequences with a mask of their own reserve
/// all their blocks at admission instead and are never put back.
///
/// Pure: no clock, no model, no I/O; the same calls give the same batches.
public struct Scheduler: Sendable {
    /// The bounds in force.
    public let configuration: SchedulerConfiguration
    /// Sequences that were put back because blocks were missing.
    public private(set) var preemptionCount = 0
    /// In order of rank.
    private var waiting: Deque<RequestID> = []
    /// Sequences with blocks, in order of rank.
    private var running: [RequestID] = []
    private var sequences: [RequestID: SequenceState] = [:]
    private var pool: BlockPool
    private var arrivalCount = 0
    private var stepCount = 0
    private var lastPrefillStep = 0

    /// Priorities that make a difference.
    public static let priorityRange = -100...100
    /// Earlier arrivals that one unit of priority overtakes; finite, so that nobody starves.
    static let arrivalsPerPriority = 64

    /// A scheduler with nothing to do.
    public init(_ configuration: SchedulerConfiguration) {
        self.configuration = configuration
        pool = BlockPool(blockCount: configuration.blockCount)
    }

    /// Whether any sequence is under way.
    public var hasWork: Bool { !sequences.isEmpty }

    /// Blocks that no sequence holds.
    public var freeBlockCount: Int { pool.freeCount }

    /// Sequences that wait for admission.
    public var waitingCount: Int { waiting.count }

    /// Sequences that hold computed tokens, in order of rank.
    public var runningIDs: [RequestID] { running }

    /// Sequences that wait for admission, in order of rank.
    public var waitingIDs: [RequestID] { Array(waiting) }

    /// Every sequence under way, in no order.
    var allSequences: Dictionary<RequestID, SequenceState>.Values { sequences.values }

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
        let range = Self.priorityRange
        let priority = min(max(request.priority, range.lowerBound), range.upperBound)
        arrivalCount += 1
        sequences[request.id] = SequenceState(
            request,
            maskClass: request.maskClass
                ?? MaskClass(ratioPercent: 0, scope: configuration.maskScope),
            rank: SequenceState.Rank(
                virtualArrival: arrivalCount - priority * Self.arrivalsPerPriority,
                arrival: arrivalCount
            )
        )
        waiting.insert(request.id, at: place(of: request.id, in: waiting))
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
        if isDecodeDue, let batch = scheduleDecode() { return batch }
        return schedulePrefill() ?? scheduleDecode()
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

    /// Whether a sequence could decode before the last prefill step, and has not since.
    private var isDecodeDue: Bool {
        readySequences.contains { $0.lastStep < lastPrefillStep }
    }

    /// Running sequences that lack nothing but their next token, in order of rank.
    private var readySequences: [SequenceState] {
        running.compactMap { sequences[$0] }.filter { $0.pendingTokenCount == 1 }
    }

    private mutating func schedulePrefill() -> Batch? {
        var draft = PrefillDraft(tokenBudget: configuration.maxNumBatchedTokens)
        // Prompts begun in an earlier step come first.
        for id in running {
            guard let sequence = sequences[id], sequence.pendingTokenCount > 1 else { continue }
            draft.add(sequence)
        }
        var index = 0
        while index < waiting.count, draft.hasRoom, running.count < configuration.maxNumSeqs,
            let sequence = sequences[waiting[index]]
        {
            // Another class is not overtaken for long: the next step begins with the first in rank.
            guard draft.accepts(sequence.maskClass) else {
                index += 1
                continue
            }
            guard admit(sequence) else { break }
            waiting.remove(at: index)
            draft.add(sequence)
        }
        guard let batch = draft.batch else { return nil }
        record(batch)
        lastPrefillStep = stepCount
        return batch
    }

    /// A decode of the class that has waited longest; under the scope `sequence`, of one sequence.
    private mutating func scheduleDecode() -> Batch? {
        while let first = readySequences.min(by: { $0.lastStep < $1.lastStep }) {
            let members =
                first.maskClass.scope == .sequence
                ? [first] : readySequences.filter { $0.maskClass == first.maskClass }
            let chunks = members.map(\.request.id).filter { makeRoom($0) }
                .compactMap { sequences[$0] }
                .map { sequence in
                    Batch.Chunk(
                        id: sequence.request.id,
                        tokens: sequence.computedTokenCount..<sequence.tokens.count,
                        samples: true
                    )
                }
            // None is left when all of them have been put back: the next class has its turn.
            guard !chunks.isEmpty else { continue }
            let batch = Batch(phase: .decode, maskClass: first.maskClass, chunks: chunks)
            record(batch)
            return batch
        }
        return nil
    }

    private mutating func record(_ batch: Batch) {
        stepCount += 1
        for chunk in batch.chunks { sequences[chunk.id]?.lastStep = stepCount }
    }

    // MARK: - Queues

    /// Where a sequence belongs in a list that is in order of rank.
    private func place(of id: RequestID, in list: some RandomAccessCollection<RequestID>) -> Int {
        guard let rank = sequences[id]?.rank else { return list.count }
        return list.reduce(0) { count, other in
            guard let known = sequences[other]?.rank else { return count }
            return known < rank ? count + 1 : count
        }
    }

    /// Gives a waiting sequence its first blocks; false, and nothing changed, when they lack.
    private mutating func admit(_ sequence: SequenceState) -> Bool {
        let (id, count) = (sequence.request.id, sequence.tokens.count)
        let (whole, isOverflow) = count.addingReportingOverflow(sequence.request.sampling.maxTokens)
        let longest = isOverflow ? configuration.maxModelLength : whole
        let wanted = sequence.keepsBlocks ? min(longest, configuration.maxModelLength) : count
        guard reserve(id, tokens: max(count, wanted)) else { return false }
        running.insert(id, at: place(of: id, in: running))
        return true
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

    /// Makes room for a running sequence's next token, at the cost of those behind it; false when the
    /// sequence itself has been put back.
    private mutating func makeRoom(_ id: RequestID) -> Bool {
        while let sequence = sequences[id], !sequence.blocks.isEmpty {
            if reserve(id, tokens: sequence.tokens.count) { return true }
            guard preemptLast() else { return false }
        }
        return false
    }

    /// Puts the running sequence of the last rank back; false when none may be.
    private mutating func preemptLast() -> Bool {
        let victim = running.last { !(sequences[$0]?.keepsBlocks ?? true) }
        guard let victim else { return false }
        running.removeAll { $0 == victim }
        pool.release(sequences[victim]?.blocks ?? [])
        sequences[victim]?.blocks = []
        sequences[victim]?.computedTokenCount = 0
        waiting.insert(victim, at: place(of: victim, in: waiting))
        preemptionCount += 1
        return true
    }
}
