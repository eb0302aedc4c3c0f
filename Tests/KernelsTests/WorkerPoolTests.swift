import Foundation
import Synchronization
import Testing

@testable import Kernels

@Suite("WorkerPool")
struct WorkerPoolTests {
    /// One counter a task.
    private final class Counters: Sendable {
        private let counts: Mutex<[Int]>

        init(_ count: Int) { counts = Mutex([Int](repeating: 0, count: count)) }

        func add(_ task: Int) { counts.withLock { $0[task] += 1 } }

        var values: [Int] { counts.withLock { $0 } }
    }

    @Test("runs every task exactly once, over many small runs", arguments: [1, 2, 3])
    func runsEachTaskOnce(threadCount: Int) throws {
        let pool = try WorkerPool(threadCount: threadCount)
        var wrongRuns: [Int] = []
        for run in 0..<2_000 {
            let count = run % 11
            let counters = Counters(count)
            pool.run(taskCount: count) { counters.add($0) }
            if counters.values != [Int](repeating: 1, count: count) { wrongRuns.append(run) }
            // Long enough for the workers to park.
            if run.isMultiple(of: 500) { usleep(2_000) }
        }
        #expect(wrongRuns.isEmpty)
    }

    @Test("takes runs from two threads at once")
    func takesConcurrentRuns() throws {
        let pool = try WorkerPool(threadCount: 3)
        let counters = [Counters(7), Counters(5)]
        DispatchQueue.concurrentPerform(iterations: 2) { caller in
            for _ in 0..<1_000 {
                pool.run(taskCount: caller == 0 ? 7 : 5) { counters[caller].add($0) }
            }
        }
        #expect(counters[0].values == [Int](repeating: 1_000, count: 7))
        #expect(counters[1].values == [Int](repeating: 1_000, count: 5))
    }

    @Test("returns only when all tasks are done")
    func waitsForAll() throws {
        let pool = try WorkerPool(threadCount: 3)
        for _ in 0..<20 {
            let counters = Counters(6)
            pool.run(taskCount: 6) { task in
                usleep(task == 0 ? 0 : 500)
                counters.add(task)
            }
            #expect(counters.values == [Int](repeating: 1, count: 6))
        }
    }

    @Test("starts and stops many times")
    func startsAndStops() throws {
        for _ in 0..<100 {
            let pool = try WorkerPool(threadCount: 3)
            #expect(pool.threadCount == 3)
        }
    }
}
