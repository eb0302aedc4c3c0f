import Foundation
import Synchronization
import Testing

@testable import Kernels

@Suite("TaskBoard")
struct TaskBoardTests {
    @Test("does not wait for workers that never come")
    func needsNoWorker() {
        let board = TaskBoard(workerCount: 7, spinLimit: .fixed(10))
        var tasks: [Int] = []
        for _ in 0..<3 { board.run(taskCount: 5) { tasks.append($0) } }
        #expect(tasks == [0, 1, 2, 3, 4, 0, 1, 2, 3, 4, 0, 1, 2, 3, 4])
    }

    @Test("has nothing for a worker that comes after the runs")
    func hasNothingForLateWorker() {
        let board = TaskBoard(workerCount: 1, spinLimit: .fixed(10))
        var count = 0
        for _ in 0..<3 { board.run(taskCount: 4) { _ in count += 1 } }
        board.close()
        board.work()
        #expect(count == 12)
    }

    @Test("gives tasks to workers that come and go during the runs", arguments: [0, 100])
    func takesLateWorkers(spinCount: Int) {
        let workerCount = 4
        let board = TaskBoard(workerCount: workerCount, spinLimit: .fixed(spinCount))
        let wrongRuns = Atomic<Int>(0)
        let group = DispatchGroup()
        for worker in 0..<workerCount {
            group.enter()
            Thread.detachNewThread { [group] in
                usleep(UInt32(worker) * 700)
                board.work()
                group.leave()
            }
        }
        for run in 0..<5_000 {
            let counts = (0..<3).map { _ in Counter() }
            board.run(taskCount: counts.count) { counts[$0].add() }
            if counts.contains(where: { $0.value != 1 }) { wrongRuns.add(1, ordering: .relaxed) }
            if run.isMultiple(of: 1_000) { usleep(500) }
        }
        board.close()
        #expect(group.wait(timeout: .now() + 60) == .success)
        #expect(wrongRuns.load(ordering: .relaxed) == 0)
    }

    @Test("takes tasks node by node, the caller's first, and what another call has left")
    func takesTasksByNode() {
        let nodes = SeveralNodes.plan(.auto, threadCount: 4)
        let board = TaskBoard(workerCount: 3, spinLimit: .fixed(0), nodes: nodes)
        let count = nodes.parts.count
        let shares = NodeShares(counts: (0..<count).map { $0 + 2 })
        var tasks: [Int] = []
        board.run(taskCount: shares.count, shares: shares) { tasks.append($0) }
        // The thread may move between two tasks, but a node's own tasks stay in order.
        #expect(tasks.sorted() == Array(0..<shares.count))
        for node in 0..<count {
            let own = tasks.filter { shares[node].contains($0) }
            #expect(own == Array(shares[node]))
        }
        // Tasks without nodes follow as before.
        tasks = []
        board.run(taskCount: 3) { tasks.append($0) }
        #expect(tasks == [0, 1, 2])
        // Within a task the board is held, so that the inner tasks run in order.
        tasks = []
        board.run(taskCount: 2, shares: NodeShares(counts: (0..<count).map { $0 == 1 ? 2 : 0 })) {
            guard $0 == 0 else { return }
            board.run(taskCount: shares.count, shares: shares) { tasks.append($0) }
        }
        #expect(tasks == Array(0..<shares.count))
    }

    private final class Counter: Sendable {
        private let count = Atomic<Int>(0)

        func add() { count.add(1, ordering: .relaxed) }

        var value: Int { count.load(ordering: .relaxed) }
    }
}
