/// Raises the pruning ratio while a latency target is missed, and lowers it again when there is room.
///
/// Looks at intervals of fixed length. A target is missed when more than a tenth of an interval's
/// latencies exceed it; there is room when no more than a tenth exceed 0.7 of it. One miss raises the
/// ratio by a step, three intervals of room in a row lower it by one, and what lies between changes
/// nothing: so the ratio does not swing. It never leaves the span from base to cap. Pure: the time is
/// an argument.
public struct RatioController: Sendable {
    /// One target and what was seen of it in the interval.
    private struct Target {
        let limit: Double
        var count = 0
        var missCount = 0
        var tightCount = 0

        mutating func observe(_ seconds: Double) {
            count += 1
            if seconds > limit { missCount += 1 }
            if seconds > limit * RatioController.roomShare { tightCount += 1 }
        }

        var isMissed: Bool { missCount * 10 > count }
        var hasRoom: Bool { tightCount * 10 <= count }

        mutating func reset() { self = Target(limit: limit) }
    }

    /// The ratio in force for requests that name none.
    public private(set) var ratio: Double
    /// Latencies over the target of time to first token.
    public private(set) var missedFirstTokenCount = 0
    /// Latencies over the target of inter-token latency.
    public private(set) var missedInterTokenCount = 0

    private let base: Double
    private let cap: Double
    private var firstToken: Target?
    private var interToken: Target?
    private var intervalStart: Double?
    private var calmCount = 0
    private var stepCount = 0

    /// Seconds of an interval: some steps of the engine, and soon enough for an operator.
    public static let intervalSeconds = 2.0
    /// Ratio of one step; each ratio is a class of its own in the scheduler, so steps are few.
    public static let step = 0.1
    private static let roomShare = 0.7
    private static let calmIntervals = 3

    /// - Parameters:
    ///   - base: The ratio while the targets are met.
    ///   - cap: The ratio is never above this.
    ///   - timeToFirstToken: Target in seconds; nil: none.
    ///   - interTokenLatency: Target in seconds; nil: none.
    public init(
        base: Double,
        cap: Double,
        timeToFirstToken: Double?,
        interTokenLatency: Double?
    ) {
        self.base = min(base, cap)
        self.cap = cap
        ratio = self.base
        firstToken = timeToFirstToken.map { Target(limit: $0) }
        interToken = interTokenLatency.map { Target(limit: $0) }
    }

    /// Whether there is any target.
    public var isActive: Bool { firstToken != nil || interToken != nil }

    /// Takes a request's time to first token.
    public mutating func observe(timeToFirstToken seconds: Double) {
        firstToken?.observe(seconds)
        if let limit = firstToken?.limit, seconds > limit { missedFirstTokenCount += 1 }
    }

    /// Takes the time between two tokens of a request.
    public mutating func observe(interTokenLatency seconds: Double) {
        interToken?.observe(seconds)
        if let limit = interToken?.limit, seconds > limit { missedInterTokenCount += 1 }
    }

    /// Ends the interval when it is over.
    ///
    /// - Parameter now: Seconds on a clock that never goes back.
    public mutating func update(at now: Double) {
        guard let start = intervalStart else {
            intervalStart = now
            return
        }
        guard isActive, now - start >= Self.intervalSeconds else { return }
        intervalStart = now
        let targets = [firstToken, interToken].compactMap(\.self)
        if targets.contains(where: \.isMissed) {
            calmCount = 0
            move(by: 1)
        } else if targets.allSatisfy(\.hasRoom) {
            calmCount += 1
            if calmCount >= Self.calmIntervals {
                calmCount = 0
                move(by: -1)
            }
        } else {
            calmCount = 0
        }
        firstToken?.reset()
        interToken?.reset()
    }

    /// Steps are counted, not added up, so that equal ratios are equal classes.
    private mutating func move(by steps: Int) {
        let most = Int(((cap - base) / Self.step).rounded(.up))
        stepCount = min(max(stepCount + steps, 0), most)
        ratio = min(base + Double(stepCount) * Self.step, cap)
    }
}
