import ProbeScheduler
import Testing

/// Random arrivals, aborts and answers against every promise of the scheduler.
@Suite("Scheduler, random runs")
struct SchedulerPropertyTests {
    /// What the run knows of one request.
    private struct Expected {
        let request: Request
        let answerLength: Int
        var tokens: [Int32]
        /// Steps since it last ran while it could decode; nil: it could not.
        var idleSteps: Int?
    }

    /// What a slot of the cache holds.
    private struct Entry: Equatable {
        let id: RequestID
        let position: Int
    }

    @Test(
        "keeps its bounds, loses nobody and finishes everything",
        arguments: 1...300 as ClosedRange<UInt64>,
        MaskScope.allCases
    )
    func randomRun(seed: UInt64, scope: MaskScope) throws {
        var generator = SeededGenerator(seed: seed)
        let configuration = configuration(scope, &generator)
        var scheduler = Scheduler(configuration)
        var expected: [RequestID: Expected] = [:]
        var cache: [Int: Entry] = [:]
        var (next, steps) = (0, 0)
        let requestCount = Int.random(in: 1...20, using: &generator)

        while next < requestCount || scheduler.hasWork {
            steps += 1
            try #require(steps < 20_000, "the scheduler makes no progress")
            while next < requestCount, Int.random(in: 0..<3, using: &generator) == 0 {
                add(next, to: &scheduler, &expected, &generator)
                next += 1
                try #require(scheduler.brokenInvariant == nil)
            }
            if Int.random(in: 0..<12, using: &generator) == 0 {
                abort(&scheduler, &expected, &generator)
                try #require(scheduler.brokenInvariant == nil)
            }
            guard let batch = scheduler.schedule() else {
                try #require(!scheduler.hasWork, "work is left, but no step")
                continue
            }
            try #require(scheduler.brokenInvariant == nil)
            try check(batch, scheduler)
            try run(batch, scheduler, &cache)
            try checkFairness(batch, scheduler, &expected)
            if Int.random(in: 0..<20, using: &generator) == 0 {
                abort(&scheduler, &expected, &generator)
            }
            try complete(batch, &scheduler, &expected, &generator)
            try #require(scheduler.brokenInvariant == nil)
        }
        #expect(expected.isEmpty)
        #expect(scheduler.freeBlockCount == configuration.blockCount)
        #expect(scheduler.runningIDs.isEmpty)
    }

    // MARK: - Steps

    private func configuration(
        _ scope: MaskScope,
        _ generator: inout SeededGenerator
    ) -> SchedulerConfiguration {
        let blockSize = Int.random(in: 1...4, using: &generator)
        return SchedulerConfiguration(
            maxNumSeqs: .random(in: 1...5, using: &generator),
            maxNumBatchedTokens: .random(in: 1...12, using: &generator),
            maxModelLength: .random(in: 2...40, using: &generator),
            blockSize: blockSize,
            blockCount: .random(in: 2...12, using: &generator),
            maskScope: scope
        )
    }

    private static let classes: [MaskClass?] = [
        nil, .dense, MaskClass(ratio: 0.2, scope: .batch), MaskClass(ratio: 0.4, scope: .batch),
        MaskClass(ratio: 0.4, scope: .sequence),
    ]

    private func add(
        _ number: Int,
        to scheduler: inout Scheduler,
        _ expected: inout [RequestID: Expected],
        _ generator: inout SeededGenerator
    ) {
        let answerLength = Int.random(in: 1...15, using: &generator)
        let request = Request(
            number,
            length: .random(in: 0...20, using: &generator),
            maskClass: Self.classes.randomElement(using: &generator) ?? nil,
            priority: .random(in: -1...1, using: &generator),
            maxTokens: answerLength
        )
        let fits =
            1..<scheduler.configuration.maxModelLength ~= request.promptTokens.count
        do {
            try scheduler.add(request)
            #expect(fits)
            expected[request.id] = Expected(
                request: request,
                answerLength: answerLength,
                tokens: request.promptTokens
            )
        } catch {
            #expect(!fits)
        }
    }

    private func abort(
        _ scheduler: inout Scheduler,
        _ expected: inout [RequestID: Expected],
        _ generator: inout SeededGenerator
    ) {
        guard let id = expected.keys.sorted().randomElement(using: &generator) else { return }
        #expect(scheduler.finish(id)?.tokens == expected[id]?.tokens)
        expected[id] = nil
    }

    private func check(_ batch: Batch, _ scheduler: Scheduler) throws {
        let configuration = scheduler.configuration
        try #require(!batch.chunks.isEmpty)
        let ids = batch.chunks.map(\.id)
        try #require(Set(ids).count == ids.count)
        try #require(ids.count <= configuration.maxNumSeqs)
        try #require(ids.allSatisfy { scheduler[$0]?.maskClass == batch.maskClass })
        if batch.maskClass.scope == .sequence { try #require(ids.count == 1) }
        if batch.phase == .prefill {
            try #require(batch.tokenCount <= configuration.maxNumBatchedTokens)
        } else {
            try #require(batch.chunks.allSatisfy { $0.tokens.count == 1 && $0.samples })
        }
        for chunk in batch.chunks {
            let sequence = try #require(scheduler[chunk.id])
            try #require(!chunk.tokens.isEmpty)
            try #require(chunk.tokens.lowerBound == sequence.computedTokenCount)
            try #require(chunk.tokens.upperBound <= sequence.tokens.count)
            try #require(chunk.samples == (chunk.tokens.upperBound == sequence.tokens.count))
            let room = sequence.blocks.count * configuration.blockSize
            try #require(chunk.tokens.upperBound <= room)
            try #require(sequence.blocks.allSatisfy { 0..<Int32(configuration.blockCount) ~= $0 })
        }
    }

    /// No sequence that can decode waits for more than one prefill and a turn of every class.
    private func checkFairness(
        _ batch: Batch,
        _ scheduler: Scheduler,
        _ expected: inout [RequestID: Expected]
    ) throws {
        let members = Set(batch.chunks.map(\.id))
        let bound = 2 * (Self.classes.count + scheduler.configuration.maxNumSeqs)
        for id in expected.keys {
            let state = try #require(scheduler[id])
            let isReady =
                !state.blocks.isEmpty && state.tokens.count - state.computedTokenCount == 1
            let idle = isReady && !members.contains(id) ? (expected[id]?.idleSteps ?? 0) + 1 : nil
            expected[id]?.idleSteps = idle
            try #require(idle ?? 0 <= bound, "sequence \(id.value) waits for its turn")
        }
    }

    /// Reads and writes the cache as a model would.
    private func run(
        _ batch: Batch,
        _ scheduler: Scheduler,
        _ cache: inout [Int: Entry]
    ) throws {
        let size = scheduler.configuration.blockSize
        for chunk in batch.chunks {
            let blocks = try #require(scheduler[chunk.id]).blocks
            for position in 0..<chunk.tokens.upperBound {
                let slot = Int(blocks[position / size]) * size + position % size
                let entry = Entry(id: chunk.id, position: position)
                if chunk.tokens.contains(position) {
                    cache[slot] = entry
                } else {
                    try #require(cache[slot] == entry, "the past is not in the cache")
                }
            }
        }
    }

    private func complete(
        _ batch: Batch,
        _ scheduler: inout Scheduler,
        _ expected: inout [RequestID: Expected],
        _ generator: inout SeededGenerator
    ) throws {
        var sampled: [RequestID: Int32] = [:]
        for chunk in batch.chunks where chunk.samples {
            let token = Int32.random(in: 0..<1000, using: &generator)
            sampled[chunk.id] = token
            expected[chunk.id]?.tokens.append(token)
        }
        scheduler.complete(batch, sampled: sampled)
        for id in batch.chunks.map(\.id) {
            guard let known = expected[id] else { continue }
            let state = try #require(scheduler[id])
            try #require(state.tokens == known.tokens)
            guard
                state.generatedTokens.count >= known.answerLength
                    || state.tokens.count >= scheduler.configuration.maxModelLength
            else { continue }
            #expect(scheduler.finish(id)?.tokens == known.tokens)
            expected[id] = nil
        }
    }
}
