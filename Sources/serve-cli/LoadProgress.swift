import LoadGenerator
import Synchronization

/// Shows how many requests have ended.
final class LoadProgress: Sendable {
    private let bar = ProgressBar("load", unit: .items("requests"))
    private let total: Int
    private let ended = Mutex(0)

    init(total: Int) {
        self.total = total
    }

    /// Another one has ended.
    func count(_ record: RequestRecord) {
        let count = ended.withLock { count in
            count += 1
            return count
        }
        bar.update(count, of: total)
    }

    /// Takes the bar away.
    func finish() { bar.finish() }
}
