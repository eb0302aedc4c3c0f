import Foundation
import Logging
import Runtime
import ServiceLifecycle
import UnixSignals

/// Ends the engine in good order: it is the first service that a shutdown reaches, so the HTTP
/// service goes on answering until everything that was accepted has had its last event.
struct DrainService: Service {
    let mailbox: EngineMailbox
    let activity: ActivityCounter
    let timeout: Duration
    /// Whether a second signal ends the process.
    let handlesSignals: Bool
    let logger: Logger

    /// Time between two looks at what is left.
    private static let pollInterval = Duration.milliseconds(20)
    /// How long the last bytes may take once the engine has ended.
    private static let flushTimeout = Duration.seconds(5)

    func run() async throws {
        try? await gracefulShutdown()
        logger.info(
            "draining",
            metadata: ["running": "\(mailbox.acceptedCount)", "timeout": "\(timeout.seconds) s"]
        )
        mailbox.drain()
        await withTaskGroup(of: Void.self) { group in
            if handlesSignals { group.addTask { await exitOnSignal() } }
            await finish()
            group.cancelAll()
        }
        logger.info("drained")
    }

    /// Waits for what was accepted, then ends the engine and waits for the last bytes.
    private func finish() async {
        await wait(timeout) { mailbox.acceptedCount == 0 && activity.count == 0 }
        mailbox.stop()
        await wait(Self.flushTimeout) {
            guard case .stopped = mailbox.phase else { return false }
            return activity.count == 0
        }
    }

    /// The second signal: whoever sends it does not want to wait.
    private func exitOnSignal() async {
        for await signal in await UnixSignalsSequence(trapping: .sigterm, .sigint) {
            logger.error("ended by a second signal", metadata: ["signal": "\(signal)"])
            _exit(1)
        }
    }

    private func wait(_ limit: Duration, until isDone: () -> Bool) async {
        let deadline = ContinuousClock.now + limit
        while !isDone(), ContinuousClock.now < deadline, !Task.isCancelled {
            try? await Task.sleep(for: Self.pollInterval)
        }
    }
}
