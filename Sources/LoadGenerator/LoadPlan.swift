/// What is sent, and when.
public struct LoadPlan: Sendable {
    /// The requests, in the order of arrival.
    public let requests: [PlannedRequest]

    /// Requests that may be under way at once; nil: as many as arrive.
    public let maxConcurrency: Int?

    /// Whether arrivals depend on the clock alone, not on answers.
    public let isOpenLoop: Bool

    /// An open loop: each request is sent at its time, however slow the answers are.
    ///
    /// - Parameters:
    ///   - requests: In any order.
    ///   - maxConcurrency: Later ones wait while so many are under way; nil: none waits.
    public init(arrivals requests: [PlannedRequest], maxConcurrency: Int? = nil) {
        self.requests = requests.sorted { $0.arrival < $1.arrival }
        self.maxConcurrency = maxConcurrency
        isOpenLoop = true
    }

    /// A closed loop: so many clients, each of which sends its next request when it has its answer.
    public init(clientCount: Int, requests: [PlannedRequest]) {
        self.requests = requests.map { request in
            var request = request
            request.arrival = .zero
            return request
        }
        maxConcurrency = clientCount
        isOpenLoop = false
    }
}
