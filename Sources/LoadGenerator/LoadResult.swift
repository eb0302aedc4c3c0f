/// What a run has measured.
public struct LoadResult: Sendable {
    /// Requests of the plan.
    public let plannedCount: Int
    /// The requests that were sent.
    public let records: [RequestRecord]
    /// Seconds from the first request to the last end.
    public let duration: Double

    /// A run's measurements.
    public init(plannedCount: Int, records: [RequestRecord], duration: Double) {
        self.plannedCount = plannedCount
        self.records = records
        self.duration = duration
    }
}
