import ProbeScheduler

/// The probes of an engine: one that learns from every batch, and one that forgets each.
struct ProbeSet {
    /// Decode steps from one dense refresh to the next; nil: never.
    let refreshInterval: Int?
    /// The class of requests that bring none.
    let defaultClass: MaskClass
    private let shared: any ProbingPruner
    private let isolated: any ProbingPruner
    /// What the isolated probe knows never changes, so neither do its composers.
    private var isolatedComposers: [Int: any DecodeMaskComposer] = [:]

    init(
        _ shared: any ProbingPruner,
        refreshInterval: Int?,
        scope: MaskScope,
        stability: MaskStability
    ) {
        self.shared = shared
        self.refreshInterval = refreshInterval
        defaultClass = MaskClass(ratio: shared.policy.nominalRatio, scope: scope)
        let watch = shared.onDecision
        isolated = shared.isolated()
        for pruner in [shared, isolated] {
            pruner.onDecision = { decision in
                stability.observe(decision)
                watch?(decision)
            }
        }
    }

    /// The probe of a class: under the scope `sequence`, one that knows no earlier batch.
    func pruner(for maskClass: MaskClass) -> any ProbingPruner {
        let pruner = maskClass.scope == .sequence ? isolated : shared
        pruner.policy.nominalRatio = maskClass.ratio
        return pruner
    }

    /// Takes, in a dense pass, what a class's composer needs.
    func statisticsPruner() -> StatisticsPruner { shared.makeStatisticsPruner() }

    /// What composes decode masks after a prefill of a class.
    mutating func composer(for maskClass: MaskClass) -> any DecodeMaskComposer {
        let isIsolated = maskClass.scope == .sequence
        if isIsolated, let known = isolatedComposers[maskClass.ratioPercent] { return known }
        let composer = pruner(for: maskClass).makeDecodeComposer()
        if isIsolated { isolatedComposers[maskClass.ratioPercent] = composer }
        return composer
    }
}
