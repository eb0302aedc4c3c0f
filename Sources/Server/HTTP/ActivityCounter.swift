import Synchronization

/// Counts what is under way.
final class ActivityCounter: Sendable {
    private let value = Mutex(0)

    /// One more.
    func enter() { value.withLock { $0 += 1 } }

    /// One less.
    func leave() { value.withLock { $0 -= 1 } }

    /// How many there are.
    var count: Int { value.withLock { $0 } }
}
