import CNuma
import Foundation
import Synchronization

/// Threads pinned to cores that run the tasks of one step together.
///
/// The calling thread is worker 0. Tasks are coarse and taken from a counter, so a worker that is
/// held up by other work on its core leaves its share to the others. A worker spins briefly after
/// its last task, then parks: on a shared machine a spinning barrier would starve the threads it
/// waits for.
///
/// `@unchecked Sendable`: `runLock` admits one run at a time, `job` is written before the generation
/// is raised and read after it is seen, and `pending` orders the end of a run.
final class WorkerPool: @unchecked Sendable {
    /// Workers, the calling thread included.
    let threadCount: Int

    /// Turns of the spin before parking: about 20 µs on a 3 GHz Zen 3, longer than the gap between
    /// two products of a layer, far shorter than a scheduler's time slice.
    private static let spinCount = 4_000

    private struct Job {
        var body: (Int) -> Void
        var taskCount: Int
    }

    private let runLock = Mutex(())
    private var job = Job(body: { _ in }, taskCount: 0)
    private let generation = Atomic<Int>(0)
    private let nextTask = Atomic<Int>(0)
    private let pending = Atomic<Int>(0)
    private let parkedCount = Atomic<Int>(0)
    private let isStopping = Atomic<Bool>(false)
    private let condition = NSCondition()
    private var threads: [pthread_t] = []

    /// More workers than this are a mistake of the caller's.
    static let threadLimit = 1_024

    /// Starts the workers.
    ///
    /// - Parameter threadCount: In `1...threadLimit`.
    /// - Throws: `KernelError` when the count is out of range or the system gives no thread.
    init(threadCount: Int) throws(KernelError) {
        guard (1...Self.threadLimit).contains(threadCount) else {
            throw .invalidThreadCount(threadCount, limit: Self.threadLimit)
        }
        self.threadCount = threadCount
        for worker in 1..<max(1, threadCount) {
            let start = WorkerStart(pool: self, worker: worker)
            var thread = pthread_t()
            let context = unsafe Unmanaged.passRetained(start).toOpaque()
            // SAFETY: the thread takes over the retain of `start`, whose pool outlives it: `deinit` joins.
            let code = unsafe pthread_create(
                &thread,
                nil,
                { context in
                    guard let context = unsafe context else { return nil }
                    let start = unsafe Unmanaged<WorkerStart>.fromOpaque(context)
                        .takeRetainedValue()
                    unsafe start.pool.work(start.worker)
                    return nil
                },
                context
            )
            guard code == 0 else {
                unsafe Unmanaged<WorkerStart>.fromOpaque(context).release()
                throw .threadCreationFailed(code: code)
            }
            threads.append(thread)
        }
    }

    deinit {
        isStopping.store(true, ordering: .sequentiallyConsistent)
        wake()
        for thread in threads { pthread_join(thread, nil) }
    }

    /// Runs `body(0)` to `body(taskCount - 1)`, each once, on all workers; returns when all are done.
    ///
    /// `body` is called from several threads at once: its tasks must not write to the same memory.
    func run(taskCount: Int, _ body: (Int) -> Void) {
        guard threads.count > 0, taskCount > 1 else {
            for task in 0..<taskCount { body(task) }
            return
        }
        runLock.withLock { _ in
            withoutActuallyEscaping(body) { body in
                job = Job(body: body, taskCount: taskCount)
                nextTask.store(0, ordering: .relaxed)
                pending.store(threads.count, ordering: .relaxed)
                generation.add(1, ordering: .sequentiallyConsistent)
                if parkedCount.load(ordering: .sequentiallyConsistent) > 0 { wake() }
                takeTasks()
                waitForOthers()
                job.body = { _ in }
            }
        }
    }

    // MARK: - Workers

    private func work(_ worker: Int) {
        pin(worker)
        var seen = 0
        while true {
            waitForRun(after: seen)
            if isStopping.load(ordering: .acquiring) { return }
            seen = generation.load(ordering: .acquiring)
            takeTasks()
            pending.subtract(1, ordering: .acquiringAndReleasing)
        }
    }

    private func takeTasks() {
        let (body, count) = (job.body, job.taskCount)
        while true {
            let task = nextTask.add(1, ordering: .relaxed).oldValue
            guard task < count else { return }
            body(task)
        }
    }

    private func waitForRun(after seen: Int) {
        for _ in 0..<Self.spinCount where hasWork(after: seen) { return }
        condition.lock()
        parkedCount.add(1, ordering: .sequentiallyConsistent)
        while !hasWork(after: seen) { condition.wait() }
        parkedCount.subtract(1, ordering: .sequentiallyConsistent)
        condition.unlock()
    }

    private func hasWork(after seen: Int) -> Bool {
        generation.load(ordering: .sequentiallyConsistent) != seen
            || isStopping.load(ordering: .sequentiallyConsistent)
    }

    private func waitForOthers() {
        var turns = 0
        while pending.load(ordering: .acquiring) > 0 {
            turns += 1
            if turns > Self.spinCount { sched_yield() }
        }
    }

    private func wake() {
        condition.lock()
        condition.broadcast()
        condition.unlock()
    }

    /// Pins a worker to the core of its number among those that the process may use.
    private func pin(_ worker: Int) {
        // SAFETY: the mask is ours until it is freed.
        guard let mask = unsafe numa_allocate_cpumask() else { return }
        defer { unsafe numa_free_cpumask(mask) }
        guard unsafe numa_sched_getaffinity(0, mask) >= 0 else { return }
        let cores = (0..<UInt32(numa_num_possible_cpus())).filter {
            unsafe numa_bitmask_isbitset(mask, $0) != 0
        }
        guard threadCount <= cores.count else { return }
        unsafe numa_bitmask_clearall(mask)
        unsafe numa_bitmask_setbit(mask, cores[worker])
        unsafe numa_sched_setaffinity(0, mask)
    }
}

/// What a new worker thread is given.
private final class WorkerStart {
    unowned(unsafe) let pool: WorkerPool
    let worker: Int

    init(pool: WorkerPool, worker: Int) {
        unsafe self.pool = pool
        self.worker = worker
    }
}
