/// A pruner that probes each prefill, and whose batches leave what decode masks are composed from.
public protocol ProbingPruner: AnyObject, Pruner {
    /// Sizes of the model.
    var shape: ModelShape { get }
    /// How much is kept where; may change between batches.
    var policy: RatioPolicy { get set }
    /// One for each sample of the last batch, where they are collected.
    var sequenceStatistics: [SequenceStatistics] { get }
    /// Told of every mask that is made.
    var onDecision: ((BlockDecision) -> Void)? { get set }

    /// A pruner of the same settings that learns nothing from its batches.
    func isolated() -> any ProbingPruner

    /// What composes decode masks, of the policy and the history as they are now.
    func makeDecodeComposer() -> any DecodeMaskComposer

    /// Takes the statistics that those composers need in a dense pass.
    func makeStatisticsPruner() -> StatisticsPruner
}
