import ProbeScheduler

/// What the linear layers ran for one request, in rows of dense work.
public struct RequestWork: Sendable, Equatable {
    /// Rows that passed through the model for it.
    public private(set) var rowCount = 0
    /// Those rows, each weighted with the share of its batch's multiply-adds that ran.
    private var executedRows = 0.0
    /// Its share, by rows, of the time that its batches spent on probing and selection.
    public private(set) var probeDuration: Duration = .zero
    /// Why rows of it ran dense though it asked for pruning; the last reason; nil: none did.
    public private(set) var fallback: DenseFallback?

    /// Nothing run.
    public init() {}

    /// Multiply-adds run, probe included, divided by dense; 1 when nothing ran.
    public var realisedRatio: Double {
        rowCount == 0 ? 1 : executedRows / Double(rowCount)
    }

    /// Adds the request's rows of one pass.
    mutating func add(
        rows: Int,
        of passRows: Int,
        _ pass: ForwardReport,
        fallback reason: DenseFallback? = nil
    ) {
        rowCount += rows
        fallback = reason ?? fallback
        executedRows += Double(rows) * pass.multiplyAdds.realisedRatio
        probeDuration += pass.probeDuration * Double(rows) / Double(max(1, passRows))
    }

    /// Adds what was run for another sequence of the same request.
    public mutating func add(_ other: RequestWork) {
        rowCount += other.rowCount
        executedRows += other.executedRows
        probeDuration += other.probeDuration
        fallback = other.fallback ?? fallback
    }
}
