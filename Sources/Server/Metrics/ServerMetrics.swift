import CoreMetrics
import ProbeScheduler
import Runtime

/// What the server counts, under the names that vLLM's dashboards know.
///
/// `update` and the `count` functions are called by the engine's thread, `exposition` by any.
final class ServerMetrics: Sendable {
    /// The last masks, for those who want them as JSON.
    let pruning = PruningStatus()
    private let registry: PrometheusRegistry
    private let queueTime: Recorder
    private let firstToken: Recorder
    private let interToken: Recorder
    private let endToEnd: Recorder
    private let ratio: Recorder
    private let promptTokens: Counter
    private let generationTokens: Counter
    private let stepFailures: Counter
    private let startTime = ContinuousClock.now

    init() {
        let registry = PrometheusRegistry(MetricFamily.served)
        self.registry = registry
        queueTime = Recorder(label: "request_queue_time_seconds", factory: registry)
        firstToken = Recorder(label: "time_to_first_token_seconds", factory: registry)
        interToken = Recorder(label: "inter_token_latency_seconds", factory: registry)
        endToEnd = Recorder(label: "e2e_request_latency_seconds", factory: registry)
        ratio = Recorder(label: "probe_pruning_ratio", factory: registry)
        promptTokens = Counter(label: "prompt_tokens_total", factory: registry)
        generationTokens = Counter(label: "generation_tokens_total", factory: registry)
        stepFailures = Counter(label: "engine_step_failures_total", factory: registry)
        for outcome in ["stop", "length", "abort", "error"] { _ = counter(ofOutcome: outcome) }
        for reason in ["queue_full", "unavailable"] { _ = counter(ofRejection: reason) }
    }

    // MARK: - Counting

    /// A request has left the queue.
    func countStart(waited: Duration) { queueTime.record(waited.seconds) }

    /// A request's first token has come.
    func countFirstToken(after duration: Duration) { firstToken.record(duration.seconds) }

    /// Another token has come.
    func countToken(after duration: Duration) { interToken.record(duration.seconds) }

    /// A request has run to its end.
    func countFinish(
        promptTokens prompt: Int,
        generatedTokens: Int,
        after duration: Duration,
        ratio value: Double
    ) {
        promptTokens.increment(by: prompt)
        generationTokens.increment(by: generatedTokens)
        endToEnd.record(duration.seconds)
        ratio.record(value)
    }

    /// A request has ended, one way or another.
    func countOutcome(_ reason: String) { counter(ofOutcome: reason).increment() }

    /// A call has been refused.
    func countRejection(_ error: APIError) {
        guard let code = error.code, error.retryAfter != nil else { return }
        counter(ofRejection: code).increment()
    }

    /// A step has failed, and its requests with it.
    func countStepFailure() { stepFailures.increment() }

    private func counter(ofOutcome reason: String) -> Counter {
        Counter(
            label: "request_success_total",
            dimensions: [("finished_reason", reason)],
            factory: registry
        )
    }

    private func counter(ofRejection reason: String) -> Counter {
        Counter(
            label: "admission_rejections_total",
            dimensions: [("reason", reason)],
            factory: registry
        )
    }

    // MARK: - State of the engine

    /// Takes over what the engine has done so far.
    func update(_ engine: Engine, _ controller: RatioController) {
        let (prefill, decode) = (engine.prefillReport, engine.decodeReport)
        let statistics = engine.statistics
        pruning.update(keptShares: prefill.keptShares, jaccard: engine.stability.jaccard)
        set("probe_seconds_total", prefill.probeDuration.seconds)
        set("probe_overhead_ratio", prefill.multiplyAdds.probeRatio)
        set(
            "probe_nonfinite_total",
            Double(statistics.fallbackCounts[.nonFinite, default: 0])
        )
        for reason in DenseFallback.allCases {
            set(
                "probe_dense_fallback_total",
                Double(statistics.fallbackCounts[reason, default: 0]),
                ["reason": reason.rawValue]
            )
        }
        updateShadow(statistics.divergence)
        set("probe_target_ratio", controller.ratio)
        set(
            "probe_target_missed_total",
            Double(controller.missedFirstTokenCount),
            ["target": "ttft"]
        )
        set(
            "probe_target_missed_total",
            Double(controller.missedInterTokenCount),
            ["target": "itl"]
        )
        set("probe_realised_flops_ratio", prefill.multiplyAdds.realisedRatio, ["phase": "prefill"])
        set("probe_realised_flops_ratio", decode.multiplyAdds.realisedRatio, ["phase": "decode"])
        set("num_preemptions_total", Double(statistics.preemptionCount))
        registry.update("probe_kept_channels") { family in
            for (block, share) in prefill.keptShares {
                let all = block.kind == .mlp ? prefill.shape.channelCount : prefill.shape.headCount
                family.set((share * Double(all)).rounded(), labels: Self.labels(block))
            }
        }
        registry.update("probe_mask_jaccard") { family in
            for (block, value) in engine.stability.jaccard {
                family.set(value, labels: Self.labels(block))
            }
        }
        registry.update("probe_history_weight") { family in
            for (block, value) in engine.stability.historyWeight {
                family.set(value, labels: Self.labels(block))
            }
        }
    }

    private func updateShadow(_ divergence: DivergenceMonitor) {
        set("probe_shadow_requests_total", Double(divergence.auditCount))
        set("probe_shadow_breached", divergence.isBreached ? 1 : 0)
        // Before the first audit nothing is known, and a zero would say that all is well.
        guard divergence.auditCount > 0 else { return }
        set("probe_shadow_kl", divergence.mean.kullbackLeibler)
        set("probe_shadow_top1_agreement", divergence.mean.topAgreement)
        set("probe_shadow_loglikelihood_change", divergence.mean.logLikelihoodChange)
    }

    /// Prometheus's text.
    func exposition(_ statistics: EngineStatistics) -> String {
        let used = statistics.blockCount - statistics.freeBlockCount
        set("num_requests_running", Double(statistics.runningCount))
        set("num_requests_waiting", Double(statistics.waitingCount))
        set("kv_cache_usage_perc", Double(used) / Double(max(1, statistics.blockCount)))
        set("process_uptime_seconds", (ContinuousClock.now - startTime).seconds)
        if let bytes = ProcessStatus.residentByteCount {
            set("process_resident_memory_bytes", Double(bytes))
        }
        if let count = ProcessStatus.openFileCount { set("process_open_fds", Double(count)) }
        return registry.text
    }

    private func set(_ name: String, _ value: Double, _ labels: [String: String] = [:]) {
        let text = PrometheusRegistry.labels(labels.map { ($0.key, $0.value) })
        registry.update(name) { $0.set(value, labels: text) }
    }

    private static func labels(_ block: PrunableBlock) -> String {
        PrometheusRegistry.labels([("block", block.kind.rawValue), ("layer", "\(block.layer)")])
    }
}
