import Dispatch
import Foundation

/// Lets a command end in its own way on the first ^C or SIGTERM; the second ends the process.
final class RunInterruption {
    private let sources: [any DispatchSourceSignal]

    /// - Parameter onSignal: Called once, on a queue.
    init(_ onSignal: @escaping @Sendable () -> Void) {
        sources = [SIGINT, SIGTERM].map { number in
            // The source sees the signal though the process ignores it.
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number)
            source.setEventHandler {
                Interruption.install()
                onSignal()
            }
            source.resume()
            return source
        }
    }

    /// Gives both signals back.
    func end() {
        for source in sources { source.cancel() }
        Interruption.install()
    }
}
