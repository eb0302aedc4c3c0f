import Foundation

/// What a new worker thread is given: it keeps the board alive, not the pool, whose end stops it.
final class WorkerStart: Sendable {
    private let board: TaskBoard
    private let prepare: @Sendable () -> Void

    /// - Parameters:
    ///   - board: Where the worker takes its tasks.
    ///   - prepare: Called first on the worker's thread.
    init(board: TaskBoard, prepare: @escaping @Sendable () -> Void) {
        self.board = board
        self.prepare = prepare
    }

    /// Starts a thread that works until the board is closed.
    ///
    /// - Throws: `KernelError` when the system gives no thread.
    func startThread() throws(KernelError) -> pthread_t {
        var thread = pthread_t()
        let context = unsafe Unmanaged.passRetained(self).toOpaque()
        // SAFETY: the thread takes over the retain.
        let code = unsafe pthread_create(
            &thread,
            nil,
            { context in
                guard let context = unsafe context else { return nil }
                let start = unsafe Unmanaged<WorkerStart>.fromOpaque(context).takeRetainedValue()
                start.prepare()
                start.board.work()
                return nil
            },
            context
        )
        guard code == 0 else {
            // SAFETY: no thread has taken the retain.
            unsafe Unmanaged<WorkerStart>.fromOpaque(context).release()
            throw .threadCreationFailed(code: code)
        }
        return thread
    }
}
