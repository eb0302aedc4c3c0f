public import ProbeScheduler

/// What an engine holds and has done, at one moment.
public struct EngineStatistics: Sendable, Equatable {
    /// Requests that wait for admission.
    public var waitingCount = 0
    /// Requests that hold cache blocks.
    public var runningCount = 0
    /// Blocks of the cache.
    public var blockCount = 0
    /// Blocks that nobody holds.
    public var freeBlockCount = 0
    /// Sequences put back because blocks were missing.
    public var preemptionCount = 0
    /// Batches that ran dense though they asked for pruning.
    public var fallbackCounts: [DenseFallback: Int] = [:]
    /// How far audited answers were from dense ones.
    public var divergence = DivergenceMonitor(limit: nil)
    /// Tokens that prefill steps ran.
    public var prefillTokenCount = 0
    /// Tokens that decode steps ran.
    public var decodeTokenCount = 0

    /// Nothing held, nothing done.
    public init() {}
}
