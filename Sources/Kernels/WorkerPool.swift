import Foundation

/// Threads that run the tasks of one step together.
///
/// The calling thread is worker 0. Tasks are coarse and taken one by one, so a worker that is held up
/// by other work on its core leaves its share to the others; a run waits for the tasks that were
/// taken, never for a worker. A worker spins after its last task, then sleeps (`SpinLimit`): on a shared
/// machine a spinning barrier would starve the threads it waits for.
final class WorkerPool: Sendable {
    /// Workers, the calling thread included.
    let threadCount: Int

    /// More workers than this are a mistake of the caller's.
    static let threadLimit = 1_024

    /// The spin before sleeping.
    ///
    /// A pause takes 25 ns on a Zen 3 EPYC, so 4,000 turns are 100 µs: longer than the gaps in a decode
    /// step. On two cores of their own 16 sequences decode at 446 tokens/s with that and 296 with 500
    /// turns. Beside a process that wants a core 500 are better, by a third with one sequence.
    private static let spinLimit = SpinLimit(patient: 4_000, brief: 500)

    private let board: TaskBoard
    private let threads: [pthread_t]

    /// Starts the workers.
    ///
    /// - Parameters:
    ///   - threadCount: In `1...threadLimit`.
    ///   - placement: Where they may run; nil: `WorkerPlacement.preferred(threadCount:)`, or on their
    ///     nodes where there are several.
    ///   - nodes: The nodes whose workers they are.
    /// - Throws: `KernelError` when the count is out of range or the system gives no thread.
    init(
        threadCount: Int,
        placement: WorkerPlacement? = nil,
        nodes: NodePlan = .none
    ) throws(KernelError) {
        guard (1...Self.threadLimit).contains(threadCount) else {
            throw .invalidThreadCount(threadCount, limit: Self.threadLimit)
        }
        self.threadCount = threadCount
        let preferred: WorkerPlacement =
            nodes.isSpread ? nodes.workerPlacement : .preferred(threadCount: threadCount)
        let placement = placement ?? preferred
        // A thread that spins on a core that others need keeps them from what it waits for.
        let hasCoreEach = threadCount <= WorkerPlacement.usableCores.count
        board = TaskBoard(
            workerCount: threadCount - 1,
            spinLimit: hasCoreEach ? Self.spinLimit : .fixed(0),
            nodes: nodes
        )
        var threads: [pthread_t] = []
        do throws(KernelError) {
            for worker in 1..<threadCount {
                let start = WorkerStart(board: board) {
                    placement.bind(worker: worker, of: threadCount)
                }
                threads.append(try start.startThread())
            }
        } catch {
            Self.stop(threads, board)
            throw error
        }
        self.threads = threads
    }

    deinit {
        Self.stop(threads, board)
    }

    /// Runs `body(0)` to `body(taskCount - 1)`, each once, on all workers; returns when all are done.
    ///
    /// `body` is called from several threads at once: its tasks must not write to the same memory.
    /// While the pool runs another caller's tasks, or this call is within a task, the calling thread
    /// works through its tasks alone, until the pool is free.
    ///
    /// - Parameters:
    ///   - taskCount: Tasks.
    ///   - shares: The tasks of each node; its workers take those first, then what others have left.
    ///     Nil: the tasks are of no node.
    ///   - body: Runs one task.
    func run(taskCount: Int, shares: NodeShares? = nil, _ body: (Int) -> Void) {
        guard threadCount > 1, taskCount > 1 else {
            for task in 0..<max(0, taskCount) { body(task) }
            return
        }
        board.run(taskCount: taskCount, shares: shares, body)
    }

    private static func stop(_ threads: [pthread_t], _ board: TaskBoard) {
        board.close()
        for thread in threads { pthread_join(thread, nil) }
    }
}
