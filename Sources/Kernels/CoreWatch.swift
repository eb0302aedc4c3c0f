import CFutex

/// Watches whether a thread has its core to itself, by how often it is preempted.
struct CoreWatch {
    /// Whether other processes want the core.
    private(set) var isShared = false
    private var windowStart: ContinuousClock.Instant
    private var preemptions: Int

    /// How long a thread is watched before its core is called shared or its own.
    private static let window = Duration.milliseconds(50)
    /// Preemptions a second, from which a core is shared.
    ///
    /// Measured on two virtual cores: 30 to 40 with nothing else to do, 350 to 450 beside a busy process.
    private static let sharedRate = 150.0

    /// A watch that has seen nothing.
    ///
    /// - Parameters:
    ///   - now: The time.
    ///   - preemptions: How often the thread has been preempted.
    init(now: ContinuousClock.Instant = .now, preemptions: Int = thread_preemptions()) {
        windowStart = now
        self.preemptions = preemptions
    }

    /// Looks again, for the calling thread, when the last look is long enough ago.
    mutating func update(
        now: ContinuousClock.Instant = .now,
        preemptions: @autoclosure () -> Int = thread_preemptions()
    ) {
        let elapsed = now - windowStart
        guard elapsed >= Self.window else { return }
        let count = preemptions()
        isShared = Double(count - self.preemptions) > Self.sharedRate * (elapsed / .seconds(1))
        self.preemptions = count
        windowStart = now
    }
}
