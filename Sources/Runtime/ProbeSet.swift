import ProbeScheduler

/// The probes of an engine: one that learns from every batch, and one that forgets each.
struct ProbeSet {
    /// Decode steps from one dense refresh to the next; nil: never.
    let refreshInterval: Int?
    /// The class of requests that bring none.
    let defaultClass: MaskClass
    private let shared: ProbePruner
    private let isolated: ProbePruner
    private let norms: [PrunableBlock: ConsumerNorms]
    /// The isolated probe's history never changes, so neither do its composers.
    private var isolatedComposers: [Int: DecodeMaskComposer] = [:]

    init(
        _ shared: ProbePruner,
        refreshInterval: Int?,
        scope: MaskScope,
        norms: [PrunableBlock: ConsumerNorms],
        stability: MaskStability
    ) {
        self.shared = shared
        self.refreshInterval = refreshInterval
        self.norms = norms
        defaultClass = MaskClass(ratio: shared.policy.nominalRatio, scope: scope)
        var configuration = shared.configuration
        configuration.historyUse = .fixed
        isolated = ProbePruner(
            shape: shared.shape,
            norms: norms,
            policy: shared.policy,
            configuration: configuration,
            history: shared.history
        )
        let watch = shared.onDecision
        for pruner in [shared, isolated] {
            pruner.onDecision = { decision in
                stability.observe(decision)
                watch?(decision)
            }
        }
    }

    /// The probe of a class: under the scope `sequence`, one that knows no earlier batch.
    func pruner(for maskClass: MaskClass) -> ProbePruner {
        let pruner = maskClass.scope == .sequence ? isolated : shared
        pruner.policy.nominalRatio = maskClass.ratio
        return pruner
    }

    /// What composes decode masks after a prefill of a class.
    mutating func composer(for maskClass: MaskClass) -> DecodeMaskComposer {
        let isIsolated = maskClass.scope == .sequence
        if isIsolated, let known = isolatedComposers[maskClass.ratioPercent] { return known }
        let pruner = pruner(for: maskClass)
        let composer = DecodeMaskComposer(
            shape: pruner.shape,
            policy: pruner.policy,
            norms: norms,
            history: pruner.history
        )
        if isIsolated { isolatedComposers[maskClass.ratioPercent] = composer }
        return composer
    }
}
