public import ProbeScheduler

/// How an engine prunes.
public enum EnginePruning {
    /// Everything runs.
    case dense
    /// The same masks for every batch: a static method, with what stands in for what it removes.
    case fixed(StaticPruner)
    /// A probe decides each prefill; decode masks are composed from the members' own statistics.
    ///
    /// The pruner collects sequence statistics. Every `refreshInterval` decode steps, one step runs
    /// dense and renews them; nil: never.
    case probe(any ProbingPruner, refreshInterval: Int?)
}
