import Foundation
import Synchronization

/// Runs one program to its end.
struct Subprocess: Sendable {
    /// Program, looked up in `PATH`, and its arguments.
    let arguments: [String]

    struct Result: Sendable {
        let status: Int32
        let output: Data
        let errors: String
    }

    /// Waits for the program; cancelling the task ends it.
    ///
    /// - Throws: `CancellationError`, or what Foundation says when the program cannot be started.
    func run() async throws -> Result {
        let folder = FileManager.default.temporaryDirectory
            .appending(path: "sonde-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        // Files rather than pipes: a program that fills one pipe while we read the other would hang.
        let (output, errors) = (folder.appending(path: "out"), folder.appending(path: "err"))
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = arguments
        // What the program leaves in its temporary folder goes when ours goes.
        process.environment = ProcessInfo.processInfo.environment
            .merging(["TMPDIR": folder.path]) { $1 }
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = try Self.create(output)
        process.standardError = try Self.create(errors)

        let isRunning = Mutex(false)
        try await withTaskCancellationHandler {
            try Task.checkCancellation()
            try await withCheckedThrowingContinuation { continuation in
                process.terminationHandler = { _ in continuation.resume() }
                do {
                    try process.run()
                    isRunning.withLock { $0 = true }
                } catch {
                    process.terminationHandler = nil
                    continuation.resume(throwing: error)
                    return
                }
                // Cancelled before it ran: the handler found nothing to end.
                if Task.isCancelled { Self.kill(process) }
            }
        } onCancel: {
            if isRunning.withLock({ $0 }) { Self.kill(process) }
        }
        try Task.checkCancellation()
        return Result(
            status: process.terminationStatus,
            output: try Data(contentsOf: output),
            errors: String(decoding: try Data(contentsOf: errors), as: UTF8.self)
        )
    }

    /// Ends the program at once: started from a thread of the cooperative pool it inherits that
    /// thread's signal mask, which holds back every signal that can be held back.
    private static func kill(_ process: Process) {
        guard process.isRunning else { return }
        _ = Foundation.kill(process.processIdentifier, SIGKILL)
    }

    private static func create(_ url: URL) throws -> FileHandle {
        try Data().write(to: url)
        return try FileHandle(forWritingTo: url)
    }
}
