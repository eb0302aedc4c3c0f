import Dispatch
import ProbeScheduler
import Runtime
import Synchronization

/// What stands between those who answer clients and the one thread that runs the model.
///
/// Bounded: what does not fit is refused at once, however busy the engine is.
final class EngineMailbox: Sendable {
    /// A message to the engine's thread.
    enum Message: Sendable {
        /// Run these; all of one call.
        case submit([Request], OutputChannel)
        /// Forget these; names that are not known are ignored.
        case cancel([RequestID])
        /// End what still runs, and the thread.
        case stop
    }

    /// Whether new work is taken.
    enum Phase: Sendable, Equatable {
        /// The model is not there yet.
        case loading
        /// Yes.
        case serving
        /// No, but what was accepted goes on.
        case draining
        /// No, and nothing runs any more; why.
        case stopped(String)
    }

    private struct State {
        var phase = Phase.loading
        var messages: [Message] = []
        var nextID = 0
        /// Prompt tokens of each accepted request that does not run yet.
        var waiting: [RequestID: Int] = [:]
        var waitingTokenCount = 0
        /// Accepted requests that have not ended.
        var acceptedCount = 0
        var lastTick = ContinuousClock.now
        var statistics = EngineStatistics()
        var defaultRatio: Double
    }

    private let state: Mutex<State>
    private let wake = DispatchSemaphore(value: 0)
    private let maxWaitingRequests: Int
    private let maxWaitingTokens: Int

    /// A mailbox that takes nothing until the engine begins.
    init(maxWaitingRequests: Int, maxWaitingTokens: Int, defaultRatio: Double = 0) {
        state = Mutex(State(defaultRatio: defaultRatio))
        self.maxWaitingRequests = maxWaitingRequests
        self.maxWaitingTokens = maxWaitingTokens
    }

    // MARK: - For those who answer clients

    /// Whether new work is taken.
    var phase: Phase { state.withLock { $0.phase } }

    /// What the engine held after its last step, waiting requests of the mailbox included.
    var statistics: EngineStatistics {
        state.withLock { state in
            var statistics = state.statistics
            statistics.waitingCount = state.waiting.count
            return statistics
        }
    }

    /// Pruning ratio of requests that name none.
    var defaultRatio: Double {
        get { state.withLock { $0.defaultRatio } }
        set { state.withLock { $0.defaultRatio = newValue } }
    }

    /// Accepted requests that have not ended.
    var acceptedCount: Int { state.withLock { $0.acceptedCount } }

    /// How long work has waited since the engine last finished a layer; nil: none waits.
    func stall(at now: ContinuousClock.Instant) -> Duration? {
        state.withLock { $0.acceptedCount == 0 ? nil : now - $0.lastTick }
    }

    /// Throws what a call would be refused with, before anything is spent on it.
    func checkAdmission(requests: Int = 1, tokens: Int = 0) throws(APIError) {
        if let refusal = state.withLock({ refusal($0, requests: requests, tokens: tokens) }) {
            throw refusal
        }
    }

    /// Accepts a call, or refuses it at once.
    ///
    /// - Returns: Where its outputs come from, and the names of its requests.
    /// - Throws: `APIError` 429 or 503.
    func submit(_ call: GenerationCall) throws(APIError) -> (OutputChannel, [RequestID]) {
        let channel = OutputChannel(choiceCount: call.totalChoiceCount)
        let result = state.withLock { state -> Result<[RequestID], APIError> in
            let tokens = call.promptTokenCount * call.choiceCount
            if let refusal = refusal(state, requests: call.totalChoiceCount, tokens: tokens) {
                return .failure(refusal)
            }
            let requests = call.requests(firstID: state.nextID)
            state.nextID += requests.count
            if state.acceptedCount == 0 { state.lastTick = .now }
            state.acceptedCount += requests.count
            for request in requests { state.waiting[request.id] = request.promptTokens.count }
            state.waitingTokenCount += tokens
            state.messages.append(.submit(requests, channel))
            return .success(requests.map(\.id))
        }
        let ids = try result.get()
        wake.signal()
        return (channel, ids)
    }

    /// Gives up requests; those that have ended or are not known are ignored.
    func cancel(_ ids: [RequestID]) {
        state.withLock { $0.messages.append(.cancel(ids)) }
        wake.signal()
    }

    /// Takes no more work.
    func drain() {
        state.withLock { state in
            if state.phase == .serving || state.phase == .loading { state.phase = .draining }
        }
    }

    /// Ends what still runs, and the engine's thread.
    func stop() {
        state.withLock { state in
            state.phase = state.phase == .serving ? .draining : state.phase
            state.messages.append(.stop)
        }
        wake.signal()
    }

    private func refusal(_ state: State, requests: Int, tokens: Int) -> APIError? {
        switch state.phase {
        case .loading: return .unavailable("the model is being loaded")
        case .draining: return .unavailable("the server is shutting down")
        case .stopped(let reason): return .unavailable("the engine has stopped: \(reason)")
        case .serving: break
        }
        if state.waiting.count + requests > maxWaitingRequests {
            return .queueFull(
                "\(state.waiting.count) requests wait; the limit is \(maxWaitingRequests)"
            )
        }
        if state.waitingTokenCount + tokens > maxWaitingTokens, !state.waiting.isEmpty {
            return .queueFull(
                "\(state.waitingTokenCount) prompt tokens wait; the limit is \(maxWaitingTokens)"
            )
        }
        return nil
    }

    // MARK: - For the engine's thread

    /// The engine takes work from now on.
    func begin() {
        state.withLock { state in
            if state.phase == .loading { state.phase = .serving }
            state.lastTick = .now
        }
    }

    /// The engine has ended.
    func end(_ reason: String) {
        state.withLock { $0.phase = .stopped(reason) }
    }

    /// Messages since the last call; waits for one when `isIdle`, at most half a second.
    func take(isIdle: Bool) -> [Message] {
        if isIdle { _ = wake.wait(timeout: .now() + .milliseconds(500)) }
        return state.withLock { state in
            defer { state.messages = [] }
            return state.messages
        }
    }

    /// Notes that a request runs, or has ended before it ran.
    func leaveQueue(_ id: RequestID) {
        state.withLock { state in
            state.waitingTokenCount -= state.waiting.removeValue(forKey: id) ?? 0
        }
    }

    /// Notes that an accepted request has ended.
    func close(_ id: RequestID) {
        leaveQueue(id)
        state.withLock { $0.acceptedCount -= 1 }
    }

    /// Notes that a layer has run.
    func tick() {
        state.withLock { $0.lastTick = .now }
    }

    /// Notes that a step has been finished.
    func tick(_ statistics: EngineStatistics) {
        state.withLock { state in
            state.lastTick = .now
            state.statistics = statistics
        }
    }
}
