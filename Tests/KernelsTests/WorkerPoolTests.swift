import Foundation
import Synchronization
import Testing

@testable import Kernels

@Suite("WorkerPool")
struct WorkerPoolTests {
    /// One counter a task.
    ///
    /// Atomic, not behind a lock: a lock would order the tasks for the pool.
    private final class Counters: Sendable {
        private let counts: [Counter]

        init(_ count: Int) { counts = (0..<count).map { _ in Counter() } }

        func add(_ task: Int) { counts[task].count.add(1, ordering: .relaxed) }

        var values: [Int] { counts.map { $0.count.load(ordering: .relaxed) } }
    }

    private final class Counter: Sendable {
        let count = Atomic<Int>(0)
    }

    private static let placements: [WorkerPlacement] = [
        .anywhere, .coreEach, .cores([0, 1]), .cores([Int.max, -1]),
    ]

    @Test(
        "runs every task exactly once, over many small runs",
        arguments: [1, 2, 3, 8],
        placements
    )
    func runsEachTaskOnce(threadCount: Int, placement: WorkerPlacement) throws {
        let pool = try WorkerPool(threadCount: threadCount, placement: placement)
        var wrongRuns: [Int] = []
        for run in 0..<2_000 {
            let count = run % 11
            let counters = Counters(count)
            pool.run(taskCount: count) { counters.add($0) }
            if counters.values != [Int](repeating: 1, count: count) { wrongRuns.append(run) }
            // Long enough for the workers to fall asleep.
            if run.isMultiple(of: 500) { usleep(2_000) }
        }
        #expect(wrongRuns.isEmpty)
    }

    @Test("runs every task exactly once when the tasks belong to nodes", arguments: [2, 4, 9])
    func runsTasksOfNodes(threadCount: Int) throws {
        let nodes = SeveralNodes.plan(.auto, threadCount: threadCount)
        let pool = try WorkerPool(threadCount: threadCount, nodes: nodes)
        let wrongRuns = Atomic<Int>(0)
        DispatchQueue.concurrentPerform(iterations: 3) { caller in
            for run in 0..<500 {
                let shares = NodeShares(
                    counts: (0..<max(1, nodes.parts.count)).map { (run + caller * $0) % 7 }
                )
                let counters = Counters(shares.count)
                let isShared = nodes.isSpread && !run.isMultiple(of: 3)
                pool.run(taskCount: shares.count, shares: isShared ? shares : nil) {
                    counters.add($0)
                }
                if counters.values != [Int](repeating: 1, count: shares.count) {
                    wrongRuns.add(1, ordering: .relaxed)
                }
            }
        }
        #expect(wrongRuns.load(ordering: .relaxed) == 0)
    }

    @Test("takes runs from many threads at once", arguments: [2, 8])
    func takesConcurrentRuns(threadCount: Int) throws {
        let pool = try WorkerPool(threadCount: threadCount)
        let callers = (1...5).map { Counters($0 * 3) }
        let unfinished = Atomic<Int>(0)
        DispatchQueue.concurrentPerform(iterations: callers.count) { caller in
            let taskCount = (caller + 1) * 3
            for run in 1...1_000 {
                pool.run(taskCount: taskCount) { callers[caller].add($0) }
                // Each caller's own run is done when `run` returns.
                let expected = [Int](repeating: run, count: taskCount)
                if callers[caller].values != expected { unfinished.add(1, ordering: .relaxed) }
            }
        }
        #expect(unfinished.load(ordering: .relaxed) == 0)
    }

    @Test("runs the tasks of a call within a task")
    func runsNestedCalls() throws {
        let pool = try WorkerPool(threadCount: 3)
        let counters = Counters(12)
        for _ in 0..<200 {
            pool.run(taskCount: 4) { outer in
                pool.run(taskCount: 3) { inner in counters.add(outer * 3 + inner) }
            }
        }
        #expect(counters.values == [Int](repeating: 200, count: 12))
    }

    @Test("uses the workers: two tasks that wait for each other end", arguments: [2, 8])
    func sharesTasks(threadCount: Int) throws {
        let pool = try WorkerPool(threadCount: threadCount)
        for round in 0..<50 {
            // Asleep in some rounds, awake in others.
            if round.isMultiple(of: 5) { usleep(1_000) }
            let arrived = Atomic<Int>(0)
            let met = Atomic<Int>(0)
            pool.run(taskCount: 2) { _ in
                arrived.add(1, ordering: .sequentiallyConsistent)
                let deadline = ContinuousClock.now + .seconds(20)
                while arrived.load(ordering: .sequentiallyConsistent) < 2 {
                    if ContinuousClock.now > deadline { return }
                    sched_yield()
                }
                met.add(1, ordering: .relaxed)
            }
            #expect(met.load(ordering: .relaxed) == 2)
        }
    }

    @Test("returns only when all tasks are done", arguments: [2, 3, 8])
    func waitsForAll(threadCount: Int) throws {
        let pool = try WorkerPool(threadCount: threadCount)
        for _ in 0..<20 {
            let counters = Counters(6)
            pool.run(taskCount: 6) { task in
                // The caller's first task is over long before the workers': it sleeps.
                usleep(task == 0 ? 0 : 500)
                counters.add(task)
            }
            #expect(counters.values == [Int](repeating: 1, count: 6))
        }
    }

    @Test("shows the caller what the tasks wrote", arguments: [2, 8])
    func publishesWrites(threadCount: Int) throws {
        let pool = try WorkerPool(threadCount: threadCount)
        var output = [Int](repeating: 0, count: 64)
        var wrongRuns = 0
        for run in 1...1_000 {
            unsafe output.withUnsafeMutableBufferPointer { output in
                // SAFETY: tasks write disjoint elements, and the buffer outlives the run.
                pool.run(taskCount: output.count) { unsafe output[$0] += $0 * run }
            }
            let sum = run * (run + 1) / 2
            if output != (0..<64).map({ $0 * sum }) { wrongRuns += 1 }
        }
        #expect(wrongRuns == 0)
    }

    @Test("runs one task on the calling thread", arguments: [1, 4])
    func runsOneTaskHere(threadCount: Int) throws {
        let pool = try WorkerPool(threadCount: threadCount)
        let caller = pthread_self()
        let elsewhere = Atomic<Int>(0)
        for _ in 0..<1_000 {
            pool.run(taskCount: 1) { task in
                if task != 0 || pthread_equal(pthread_self(), caller) == 0 {
                    elsewhere.add(1, ordering: .relaxed)
                }
            }
        }
        #expect(elsewhere.load(ordering: .relaxed) == 0)
    }

    @Test("runs nothing for no task", arguments: [1, 4])
    func runsNoTask(threadCount: Int) throws {
        let pool = try WorkerPool(threadCount: threadCount)
        var taskCount = 0
        pool.run(taskCount: 0) { _ in Issue.record("no task was asked for") }
        pool.run(taskCount: 1) { _ in taskCount += 1 }
        #expect(taskCount == 1)
    }

    @Test("ends with its workers asleep, spinning or not yet started", arguments: [2, 3, 8])
    func stops(threadCount: Int) throws {
        for round in 0..<60 {
            weak var ended: WorkerPool?
            do {
                let pool = try WorkerPool(threadCount: threadCount)
                ended = pool
                if round % 3 > 0 { pool.run(taskCount: 16) { _ in } }
                if round % 3 > 1 { usleep(1_000) }
                #expect(pool.threadCount == threadCount)
            }
            #expect(ended == nil)
        }
    }

    @Test("pins workers only where there is one for every core")
    func prefersPlacement() {
        let coreCount = WorkerPlacement.usableCores.count
        #expect(coreCount > 0)
        #expect(WorkerPlacement.preferred(threadCount: coreCount) == .coreEach)
        #expect(WorkerPlacement.preferred(threadCount: coreCount + 1) == .anywhere)
        #expect(WorkerPlacement.preferred(threadCount: coreCount - 1) == .anywhere)
    }

    @Test("binds a thread to the cores of its placement, never to others")
    func bindsThread() throws {
        let usable = WorkerPlacement.usableCores
        let last = try #require(usable.last)
        let cases: [(WorkerPlacement, expected: [Int])] = [
            (.anywhere, usable), (.cores([last]), [last]), (.cores([last, .max]), [last]),
            (.cores([]), usable), (.coreEach, [last]),
        ]
        for (placement, expected) in cases {
            let bound = Mutex<[Int]>([])
            let isDone = DispatchSemaphore(value: 0)
            let thread = Thread {
                placement.bind(worker: usable.count - 1, of: usable.count)
                bound.withLock { $0 = WorkerPlacement.usableCores }
                isDone.signal()
            }
            thread.start()
            isDone.wait()
            #expect(bound.withLock { $0 } == expected)
        }
    }

    @Test("refuses a thread count outside its bounds", arguments: [Int.min, -1, 0, 1_025, .max])
    func refusesThreadCount(threadCount: Int) {
        #expect(throws: KernelError.invalidThreadCount(threadCount, limit: 1_024)) {
            try WorkerPool(threadCount: threadCount)
        }
    }
}
