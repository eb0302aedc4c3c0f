/// What an engine does beyond pruning as asked, so that an operator may leave it on.
public struct PruningSafeguards: Sendable {
    /// Runs batches dense where pruning is measured to be slower; not under the scope `sequence`,
    /// whose answers must not depend on a clock.
    public var isNeverSlower = false
    /// Share of pruned requests that are scored again densely when the engine is idle.
    public var shadowRate = 0.0
    /// Largest mean KL divergence of those, in nats a token, before everything runs dense; nil: none.
    public var maxDivergence: Double?
    /// A failure to be had now and then; for tests.
    public var fault: InjectedFault?

    /// None.
    public init() {}

    /// Bytes that audits hold at most.
    public func auditByteCount(vocabularySize: Int) -> Int {
        shadowRate > 0 ? ShadowAudit.byteLimit(vocabularySize: vocabularySize) : 0
    }
}
