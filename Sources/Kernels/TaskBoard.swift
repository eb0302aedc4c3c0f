import CFutex

/// Where one caller posts the tasks of a run, and workers take them.
///
/// A thread takes a task by lowering `remaining`, and only then looks at the job. A run ends when
/// every task is finished, so a job that has a task taken but not finished cannot change; and a
/// worker that comes late, however late, finds no task and never looks at the job. So nobody
/// waits for workers that have not taken a task: asleep, or off their core.
///
/// Over several nodes, which task a thread has taken is settled by one queue a node: the thread's own
/// node's first, then, for the tail, the others'.
///
/// `@unchecked Sendable`: `job` is written by the thread that holds the board while no task is
/// taken, before `remaining` is raised, and read by those that lowered it; `callerWatch` is that
/// thread's alone.
final class TaskBoard: @unchecked Sendable {
    private struct Job {
        var body: (Int) -> Void
        var taskCount: Int
        /// The tasks of each node; nil: of none.
        var shares: NodeShares?
    }

    /// More tasks than this are a mistake of the caller's.
    static let taskLimit = Int(sleeperMark) - 1

    /// Set in `unfinished` while the caller sleeps.
    private static let sleeperMark: UInt32 = 1 << 31
    /// The value of `remaining` that sends the workers home.
    private static let closed = UInt32.max

    private var job = Job(body: { _ in }, taskCount: 0)
    /// Tasks not yet taken; workers sleep while it is 0.
    private let remaining = FutexWord(0)
    /// Tasks not yet finished, and `sleeperMark`; the caller sleeps on it.
    private let unfinished = FutexWord(0)
    /// Workers asleep, or about to be.
    private let sleeperCount = FutexWord(0)
    /// 1 while a caller holds the board.
    private let isHeld = FutexWord(0)
    /// Tasks of each node not yet taken; empty on one node.
    private let queues: [NodeQueue]
    private let nodes: NodePlan
    private let workerCount: Int
    private let spinLimit: SpinLimit
    /// Threads whose cores others want.
    private let crowdedCount = FutexWord(0)
    /// Of the thread that holds the board.
    private var callerWatch = CoreWatch()

    /// A board without tasks.
    ///
    /// - Parameters:
    ///   - workerCount: Threads that call `work()`, the callers of `run` not included.
    ///   - spinLimit: How long a thread spins before it sleeps.
    ///   - nodes: Whose tasks are told apart.
    init(workerCount: Int, spinLimit: SpinLimit, nodes: NodePlan = .none) {
        queues = nodes.parts.map { _ in NodeQueue() }
        self.nodes = nodes
        self.workerCount = workerCount
        self.spinLimit = spinLimit
    }

    // MARK: - Callers

    /// Runs `body(0)` to `body(taskCount - 1)`, each once; returns when all are done.
    ///
    /// While another caller holds the board (or `body` itself is a task of a run), the tasks run here,
    /// in order; the board is tried again before each. `shares` are the tasks of each node.
    func run(taskCount: Int, shares: NodeShares? = nil, _ body: (Int) -> Void) {
        precondition(taskCount <= Self.taskLimit, "more tasks than a board holds")
        var first = 0
        // The last task needs no one else.
        while first < taskCount - 1 {
            var expected: UInt32 = 0
            if isHeld.exchange(&expected, for: 1) {
                share(first..<taskCount, shares, body)
                isHeld.store(0)
                return
            }
            body(first)
            first += 1
        }
        if first < taskCount { body(first) }
    }

    /// Shares the tasks with the workers; the caller holds the board.
    ///
    /// The box that `withoutActuallyEscaping` makes for the body is the only memory a run allocates:
    /// Swift has no other safe way to show a caller's closure to threads.
    private func share(_ tasks: Range<Int>, _ shares: NodeShares?, _ body: (Int) -> Void) {
        withoutActuallyEscaping(body) { body in
            job = Job(body: body, taskCount: tasks.upperBound, shares: shares)
            if let shares {
                for (node, queue) in queues.enumerated() {
                    queue.remaining.store(UInt32(shares[node].clamped(to: tasks).count))
                }
            }
            unfinished.store(UInt32(tasks.count))
            remaining.store(UInt32(tasks.count))
            wakeWorkers(for: tasks.count)
            takeTasks()
            waitForOthers()
            job = Job(body: { _ in }, taskCount: 0)
        }
    }

    /// Wakes workers for the tasks that neither the caller nor a worker awake will take.
    private func wakeWorkers(for taskCount: Int) {
        let sleepers = Int(sleeperCount.load())
        guard sleepers > 0 else { return }
        let missing = taskCount - 1 - (workerCount - sleepers)
        if missing > 0 { remaining.wake(UInt32(min(missing, sleepers))) }
    }

    private func waitForOthers() {
        for _ in 0..<spinTurns(&callerWatch) {
            if unfinished.load() == 0 { return }
            spin_pause()
        }
        // Asleep, the caller leaves its core to a worker that has lost its own.
        var count = unfinished.load()
        while count != 0, count != Self.sleeperMark {
            let marked = count | Self.sleeperMark
            if count == marked || unfinished.exchange(&count, for: marked) {
                unfinished.sleep(while: marked)
                count = unfinished.load()
            }
        }
    }

    // MARK: - Workers

    /// Takes tasks until the board is closed.
    func work() {
        var watch = CoreWatch()
        while waitForTasks(&watch) { takeTasks() }
    }

    /// Sends the workers home; no run may be under way or follow.
    func close() {
        remaining.store(Self.closed)
        remaining.wake(.max)
    }

    private func takeTasks() {
        var count = remaining.load()
        while count != 0, count != Self.closed {
            guard remaining.exchange(&count, for: count - 1) else { continue }
            perform(taskAt: count)
            // The caller sleeps, and this was the last task.
            if unfinished.decrement() == Self.sleeperMark { unfinished.wake(1) }
            count = remaining.load()
        }
    }

    /// Runs the task taken when `count` remained.
    ///
    /// Never inlined: its reference to the body must be gone before the task counts as finished,
    /// since the body may not outlive the run.
    @inline(never)
    private func perform(taskAt count: UInt32) {
        if let shares = job.shares {
            job.body(queuedTask(of: shares))
        } else {
            job.body(job.taskCount - Int(count))
        }
    }

    /// The next task of the own node, or of the one behind it that has any left.
    ///
    /// Who has lowered `remaining` has one coming: the queues hold as many tasks as such threads still
    /// look for, and never gain any meanwhile, so that one turn round them finds it.
    private func queuedTask(of shares: NodeShares) -> Int {
        let home = nodes.currentPart
        for turn in 0..<queues.count {
            let node = (home + turn) % queues.count
            var count = queues[node].remaining.load()
            while count != 0 {
                if queues[node].remaining.exchange(&count, for: count - 1) {
                    return shares[node].upperBound - Int(count)
                }
            }
        }
        preconditionFailure("a task was taken that no queue holds")
    }

    /// Waits until tasks remain; false when the board is closed.
    private func waitForTasks(_ watch: inout CoreWatch) -> Bool {
        var turns = spinTurns(&watch)
        while true {
            let count = remaining.load()
            if count != 0 { return count != Self.closed }
            if turns > 0 {
                turns -= 1
                spin_pause()
            } else {
                sleeperCount.increment()
                remaining.sleep(while: 0)
                sleeperCount.decrement()
                // Woken for a run that ended meanwhile: the next one is likely close.
                turns = spinTurns(&watch)
            }
        }
    }

    /// Turns to spin in a wait that begins now, of the thread that `watch` is of.
    private func spinTurns(_ watch: inout CoreWatch) -> Int {
        let before = watch.isShared
        watch.update()
        if watch.isShared, !before { crowdedCount.increment() }
        if before, !watch.isShared { crowdedCount.decrement() }
        return crowdedCount.load() == 0 ? spinLimit.patient : spinLimit.brief
    }
}
