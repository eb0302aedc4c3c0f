import ProbeScheduler
import Testing

extension Request {
    /// A prompt of the given length.
    init(
        _ id: Int,
        length: Int,
        maskClass: MaskClass? = nil,
        priority: Int = 0,
        maxTokens: Int = 128
    ) {
        var sampling = SamplingParameters()
        sampling.maxTokens = maxTokens
        self.init(
            id: RequestID(id),
            promptTokens: (0..<Int32(length)).map(\.self),
            sampling: sampling,
            maskClass: maskClass,
            priority: priority
        )
    }
}

extension Batch.Chunk {
    /// Name, tokens and whether one is sampled, for comparison.
    var summary: String {
        "\(id.value):\(tokens.lowerBound)-\(tokens.upperBound)\(samples ? "!" : "")"
    }
}

@Suite("Scheduler")
struct SchedulerTests {
    private func scheduler(
        seqs: Int = 4,
        tokens: Int = 8,
        length: Int = 64,
        blockSize: Int = 4,
        blocks: Int = 16,
        scope: MaskScope = .batch
    ) -> Scheduler {
        Scheduler(
            SchedulerConfiguration(
                maxNumSeqs: seqs,
                maxNumBatchedTokens: tokens,
                maxModelLength: length,
                blockSize: blockSize,
                blockCount: blocks,
                maskScope: scope
            )
        )
    }

    /// Runs one step, samples a token wherever one is asked for, and says what ran.
    private func step(_ scheduler: inout Scheduler) throws -> [String] {
        let scheduled = scheduler.schedule()
        let batch = try #require(scheduled)
        #expect(scheduler.brokenInvariant == nil)
        var sampled: [RequestID: Int32] = [:]
        for chunk in batch.chunks where chunk.samples { sampled[chunk.id] = 7 }
        scheduler.complete(batch, sampled: sampled)
        #expect(scheduler.brokenInvariant == nil)
        return [batch.phase == .prefill ? "prefill" : "decode"] + batch.chunks.map(\.summary)
    }

    @Test("has nothing to do at first")
    func idle() {
        var scheduler = scheduler()
        #expect(!scheduler.hasWork)
        #expect(scheduler.schedule() == nil)
        #expect(scheduler.freeBlockCount == 16)
    }

    @Test("prefills together, then decodes together")
    func prefillThenDecode() throws {
        var scheduler = scheduler()
        try scheduler.add(Request(1, length: 3))
        try scheduler.add(Request(2, length: 4))
        #expect(try step(&scheduler) == ["prefill", "1:0-3!", "2:0-4!"])
        #expect(scheduler.runningIDs == [RequestID(1), RequestID(2)])
        #expect(try step(&scheduler) == ["decode", "1:3-4!", "2:4-5!"])
        #expect(scheduler.freeBlockCount == 13)
        let state = try #require(scheduler[RequestID(2)])
        #expect(state.tokens == [0, 1, 2, 3, 7, 7])
        #expect(state.generatedTokens == [7, 7])
        #expect(state.computedTokenCount == 5)
        #expect(scheduler.finish(RequestID(2)) == state)
        #expect(scheduler.finish(RequestID(2)) == nil)
        #expect(scheduler[RequestID(2)] == nil)
        #expect(try step(&scheduler) == ["decode", "1:4-5!"])
    }

    @Test("a long prompt is prefilled in chunks, and what it has begun comes first")
    func chunks() throws {
        var scheduler = scheduler()
        try scheduler.add(Request(1, length: 11))
        try scheduler.add(Request(2, length: 6))
        let scheduled = scheduler.schedule()
        let batch = try #require(scheduled)
        #expect(batch.tokenCount == 8)
        scheduler.complete(batch, sampled: [:])
        #expect(try step(&scheduler) == ["prefill", "1:8-11!", "2:0-5"])
        // The single token that is left joins the decode.
        #expect(try step(&scheduler) == ["decode", "1:11-12!", "2:5-6!"])
    }

    @Test("a newcomer is prefilled before the others decode further")
    func newcomer() throws {
        var scheduler = scheduler()
        try scheduler.add(Request(1, length: 2))
        #expect(try step(&scheduler) == ["prefill", "1:0-2!"])
        try scheduler.add(Request(2, length: 3))
        #expect(try step(&scheduler) == ["prefill", "2:0-3!"])
        #expect(try step(&scheduler) == ["decode", "1:2-3!", "2:3-4!"])
    }

    @Test("no more sequences run than the bound allows")
    func sequenceBound() throws {
        var scheduler = scheduler(seqs: 1)
        try scheduler.add(Request(1, length: 2))
        try scheduler.add(Request(2, length: 2))
        #expect(try step(&scheduler) == ["prefill", "1:0-2!"])
        #expect(try step(&scheduler) == ["decode", "1:2-3!"])
        scheduler.finish(RequestID(1))
        #expect(try step(&scheduler) == ["prefill", "2:0-2!"])
    }

    @Test("a prompt waits until there are blocks for all of it, and nobody overtakes it")
    func blockBound() throws {
        var scheduler = scheduler(blockSize: 2, blocks: 4)
        try scheduler.add(Request(1, length: 4))
        try scheduler.add(Request(2, length: 5))
        try scheduler.add(Request(3, length: 1))
        #expect(try step(&scheduler) == ["prefill", "1:0-4!"])
        #expect(try step(&scheduler) == ["decode", "1:4-5!"])
        scheduler.finish(RequestID(1))
        #expect(try step(&scheduler) == ["prefill", "2:0-5!", "3:0-1!"])
    }

    @Test("without a free block the youngest is put back, and computed again with its answer")
    func preemption() throws {
        var scheduler = scheduler(blockSize: 2, blocks: 3)
        try scheduler.add(Request(1, length: 2))
        try scheduler.add(Request(2, length: 1))
        #expect(try step(&scheduler) == ["prefill", "1:0-2!", "2:0-1!"])
        #expect(try step(&scheduler) == ["decode", "1:2-3!", "2:1-2!"])
        // The second needs a third token's block; it is itself the youngest.
        #expect(try step(&scheduler) == ["decode", "1:3-4!"])
        #expect(scheduler.runningIDs == [RequestID(1)])
        #expect(scheduler[RequestID(2)]?.blocks == [])
        #expect(scheduler[RequestID(2)]?.computedTokenCount == 0)
        scheduler.finish(RequestID(1))
        #expect(try step(&scheduler) == ["prefill", "2:0-3!"])
    }

    @Test("an older sequence takes the blocks of several younger ones, whose order stays")
    func preemptionOfSeveral() throws {
        var scheduler = scheduler(blockSize: 1, blocks: 4)
        for id in 1...3 { try scheduler.add(Request(id, length: 1)) }
        #expect(try step(&scheduler) == ["prefill", "1:0-1!", "2:0-1!", "3:0-1!"])
        #expect(try step(&scheduler) == ["decode", "1:1-2!", "2:1-2!"])
        #expect(try step(&scheduler) == ["decode", "1:2-3!"])
        scheduler.finish(RequestID(1))
        #expect(try step(&scheduler) == ["prefill", "2:0-3!"])
    }

    @Test("under the scope sequence a step runs one sequence, in turn")
    func sequenceScope() throws {
        var scheduler = scheduler(scope: .sequence)
        for id in 1...3 { try scheduler.add(Request(id, length: 9, maxTokens: 4)) }
        #expect(try step(&scheduler) == ["prefill", "1:0-8"])
        #expect(try step(&scheduler) == ["prefill", "2:0-8"])
        // The first could have decoded before the second's prefill.
        #expect(try step(&scheduler) == ["decode", "1:8-9!"])
        #expect(try step(&scheduler) == ["prefill", "3:0-8"])
        var ran: [String] = []
        for _ in 0..<6 { ran += try step(&scheduler).dropFirst().map { String($0.prefix(1)) } }
        #expect(ran == ["2", "1", "3", "2", "1", "3"])
    }

    @Test(
        "a sequence with a mask of its own holds its blocks from admission, and is never put back"
    )
    func reservation() throws {
        let own = MaskClass(ratio: 0.4, scope: .sequence)
        var scheduler = scheduler(blockSize: 1, blocks: 8)
        try scheduler.add(Request(1, length: 2))
        try scheduler.add(Request(2, length: 2, maskClass: own, maxTokens: 3))
        #expect(try step(&scheduler) == ["prefill", "1:0-2!"])
        #expect(try step(&scheduler) == ["prefill", "2:0-2!"])
        #expect(scheduler[RequestID(2)]?.blocks.count == 5)
        #expect(try step(&scheduler) == ["decode", "1:2-3!"])
        #expect(scheduler.freeBlockCount == 0)
        #expect(try step(&scheduler) == ["decode", "2:2-3!"])
        // The first finds no block: it is put back itself, though it came first.
        #expect(try step(&scheduler) == ["decode", "2:3-4!"])
        #expect(scheduler.runningIDs == [RequestID(2)])
        #expect(scheduler.preemptionCount == 1)
    }

    @Test("requests of different ratios never share a batch, and take turns")
    func ratioClasses() throws {
        let (low, high) = (
            MaskClass(ratio: 0.2, scope: .batch), MaskClass(ratio: 0.4, scope: .batch)
        )
        var scheduler = scheduler(tokens: 32)
        for (id, maskClass) in [(1, low), (2, high), (3, low), (4, high)] {
            try scheduler.add(Request(id, length: 2, maskClass: maskClass))
        }
        #expect(try step(&scheduler) == ["prefill", "1:0-2!", "3:0-2!"])
        #expect(try step(&scheduler) == ["prefill", "2:0-2!", "4:0-2!"])
        #expect(try step(&scheduler) == ["decode", "1:2-3!", "3:2-3!"])
        #expect(try step(&scheduler) == ["decode", "2:2-3!", "4:2-3!"])
        #expect(try step(&scheduler) == ["decode", "1:3-4!", "3:3-4!"])
    }

    @Test("a long prompt delays those who decode by one chunk at a time")
    func longPrompt() throws {
        var scheduler = scheduler(length: 64, blocks: 32)
        try scheduler.add(Request(1, length: 2))
        #expect(try step(&scheduler) == ["prefill", "1:0-2!"])
        try scheduler.add(Request(2, length: 20))
        #expect(try step(&scheduler) == ["prefill", "2:0-8"])
        #expect(try step(&scheduler) == ["decode", "1:2-3!"])
        #expect(try step(&scheduler) == ["prefill", "2:8-16"])
        #expect(try step(&scheduler) == ["decode", "1:3-4!"])
        #expect(try step(&scheduler) == ["prefill", "2:16-20!"])
        #expect(try step(&scheduler) == ["decode", "1:4-5!", "2:20-21!"])
    }

    @Test("a higher priority goes first, but not for ever")
    func priority() throws {
        var scheduler = scheduler(seqs: 1)
        try scheduler.add(Request(1, length: 1))
        try scheduler.add(Request(2, length: 1, priority: 1))
        try scheduler.add(Request(3, length: 1, priority: 1))
        #expect(scheduler.waitingIDs == [2, 3, 1].map(RequestID.init))
        // One unit overtakes 64 arrivals.
        for id in 4...80 { try scheduler.add(Request(id, length: 1, priority: id == 80 ? 1 : 0)) }
        let place = try #require(scheduler.waitingIDs.firstIndex(of: RequestID(80)))
        #expect(scheduler.waitingIDs[place - 1] == RequestID(16))
        #expect(scheduler.waitingIDs[place + 1] == RequestID(17))
    }

    @Test("a class is a ratio in hundredths; at ratio 0 the scope makes no difference")
    func maskClass() {
        #expect(MaskClass(ratio: 0.404, scope: .batch) == MaskClass(ratio: 0.4, scope: .batch))
        #expect(MaskClass(ratio: 0.4, scope: .batch) != MaskClass(ratio: 0.4, scope: .sequence))
        #expect(MaskClass(ratio: 0, scope: .sequence) == .dense)
        #expect(MaskClass(ratio: -3, scope: .batch) == .dense)
        #expect(MaskClass(ratio: .nan, scope: .batch) == .dense)
        #expect(MaskClass(ratio: 7, scope: .batch).ratio == 0.99)
    }

    @Test("an aborted sequence leaves nothing behind, even while its batch runs")
    func abort() throws {
        var scheduler = scheduler()
        try scheduler.add(Request(1, length: 3))
        try scheduler.add(Request(2, length: 3))
        try scheduler.add(Request(3, length: 3))
        let scheduled = scheduler.schedule()
        let batch = try #require(scheduled)
        scheduler.finish(RequestID(1))
        scheduler.complete(batch, sampled: [RequestID(1): 5, RequestID(2): 5])
        #expect(scheduler[RequestID(1)] == nil)
        scheduler.finish(RequestID(3))
        scheduler.finish(RequestID(2))
        #expect(scheduler.brokenInvariant == nil)
        #expect(!scheduler.hasWork)
        #expect(scheduler.freeBlockCount == 16)
        #expect(scheduler.schedule() == nil)
    }

    @Test("the length is cut to what the whole cache can hold")
    func lengthBound() {
        #expect(scheduler(length: 100).configuration.maxModelLength == 64)
        #expect(scheduler(length: 10).configuration.maxModelLength == 10)
    }

    @Test("refuses what could never run, and says why")
    func refusals() throws {
        var scheduler = scheduler(length: 8)
        let id = RequestID(1)
        let empty = SchedulerError.emptyPrompt(id)
        #expect(throws: empty) { try scheduler.add(Request(1, length: 0)) }
        #expect(empty.description == "prompt 1 has no tokens; expected at least one")
        let long = SchedulerError.promptTooLong(id, tokens: 8, limit: 8)
        #expect(throws: long) { try scheduler.add(Request(1, length: 8)) }
        #expect(long.description.contains("has 8 tokens; the context of 8 tokens must hold"))
        #expect(!scheduler.hasWork)
        try scheduler.add(Request(1, length: 7))
        let duplicate = SchedulerError.duplicateID(id)
        #expect(throws: duplicate) { try scheduler.add(Request(1, length: 2)) }
        #expect(duplicate.description == "request 1 is already under way")
        #expect(scheduler[id]?.tokens.count == 7)
    }

    @Test("refuses a prompt that the whole cache could not hold")
    func cacheTooSmall() {
        var configuration = scheduler(blockSize: 2, blocks: 2).configuration
        configuration.maxModelLength = 100
        var scheduler = Scheduler(configuration)
        let error = SchedulerError.cacheTooSmall(RequestID(1), blocks: 3, available: 2)
        #expect(throws: error) { try scheduler.add(Request(1, length: 4)) }
        #expect(error.description == "prompt 1 needs 3 cache blocks; there are 2")
    }

    @Test("requests are ordered by their number")
    func requestOrder() {
        #expect(RequestID(1) < RequestID(2))
        #expect(FinishReason(rawValue: "length") == .length)
    }
}
