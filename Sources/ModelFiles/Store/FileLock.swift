import Foundation

/// Keeps two processes, or two tasks of one, from pulling the same model at once.
///
/// The system gives the lock back when the process ends, however it ends.
struct FileLock: ~Copyable {
    private let descriptor: Int32

    /// Waits for the lock; the file is created and stays.
    ///
    /// - Throws: `ModelFileError`, which is `cancelled` when the task was cancelled meanwhile.
    init(path: String) async throws(ModelFileError) {
        descriptor = unsafe open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else {
            throw .system(operation: "create", path: path, code: errno)
        }
        while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
            let code = errno
            guard code == EWOULDBLOCK || code == EINTR else {
                throw .system(operation: "lock", path: path, code: code)
            }
            do {
                try await Task.sleep(for: .milliseconds(100))
            } catch {
                throw .cancelled(path: path)
            }
        }
    }

    deinit {
        close(descriptor)
    }
}
