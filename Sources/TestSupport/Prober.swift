public import ProbeScheduler
public import Runtime

/// The methods that probe each prefill.
public enum Prober: String, CaseIterable, Sendable {
    case pp
    case spread

    /// A pruner of the method, without history, that collects statistics for decoding.
    public func pruner(_ network: CausalLM, policy: RatioPolicy) -> any ProbingPruner {
        let configuration = ProbeConfiguration(collectsSequenceStatistics: true)
        switch self {
        case .pp:
            return ProbePruner(
                shape: network.shape,
                norms: network.norms,
                policy: policy,
                configuration: configuration,
                history: nil
            )
        case .spread:
            return SpreadProbePruner(
                shape: network.shape,
                norms: network.norms,
                policy: policy,
                configuration: configuration,
                history: nil
            )
        }
    }
}
