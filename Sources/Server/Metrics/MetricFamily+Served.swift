extension MetricFamily {
    /// From one millisecond, an event loop's turn, to a minute; vLLM's dashboards interpolate.
    private static let latencies = [
        0.001, 0.0025, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.15, 0.25, 0.5, 0.75, 1, 2.5, 5,
        7.5, 10, 20, 40, 60,
    ]

    /// Everything that `/metrics` shows; `docs/operations.md` says how to read it.
    static let served: [MetricFamily] = [
        MetricFamily("num_requests_running", .gauge, "Sequences that hold cache blocks."),
        MetricFamily("num_requests_waiting", .gauge, "Sequences accepted that do not run yet."),
        MetricFamily("kv_cache_usage_perc", .gauge, "Share of cache blocks in use, 0 to 1."),
        MetricFamily("num_preemptions_total", .counter, "Sequences put back for lack of blocks."),
        MetricFamily("prompt_tokens_total", .counter, "Prompt tokens of finished sequences."),
        MetricFamily("generation_tokens_total", .counter, "Tokens sampled by finished sequences."),
        MetricFamily("request_success_total", .counter, "Sequences ended, by reason."),
        MetricFamily("admission_rejections_total", .counter, "Calls refused, by reason."),
        MetricFamily("engine_step_failures_total", .counter, "Steps that failed."),
        MetricFamily(
            "request_queue_time_seconds",
            .histogram,
            "From arrival to the end of the first step.",
            bounds: latencies
        ),
        MetricFamily(
            "time_to_first_token_seconds",
            .histogram,
            "From arrival to the first token.",
            bounds: latencies
        ),
        MetricFamily(
            "inter_token_latency_seconds",
            .histogram,
            "From one token of a sequence to its next.",
            bounds: latencies
        ),
        MetricFamily(
            "e2e_request_latency_seconds",
            .histogram,
            "From arrival to the last token.",
            bounds: latencies
        ),
        MetricFamily(
            "probe_pruning_ratio",
            .histogram,
            "Pruning ratio of finished sequences.",
            bounds: [0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9]
        ),
        MetricFamily("probe_seconds_total", .counter, "Time spent on probing and selection."),
        MetricFamily(
            "probe_overhead_ratio",
            .gauge,
            "Multiply-adds of probes divided by those of dense prefills."
        ),
        MetricFamily(
            "probe_realised_flops_ratio",
            .gauge,
            "Multiply-adds run, probes included, divided by dense, by phase."
        ),
        MetricFamily(
            "probe_kept_channels",
            .gauge,
            "Channels or query heads that a block's last prefill mask kept."
        ),
        MetricFamily(
            "probe_mask_jaccard",
            .gauge,
            "Jaccard index of a block's last two prefill masks."
        ),
        MetricFamily(
            "probe_history_weight",
            .gauge,
            "Share of the history in a block's last fusion with the probe."
        ),
        MetricFamily(
            "probe_shadow_requests_total",
            .counter,
            "Pruned answers that were scored again densely."
        ),
        MetricFamily(
            "probe_shadow_kl",
            .gauge,
            "Mean KL divergence of audited answers from dense, nats a token."
        ),
        MetricFamily(
            "probe_shadow_top1_agreement",
            .gauge,
            "Share of audited positions where dense and pruned agree on the likeliest token."
        ),
        MetricFamily(
            "probe_shadow_loglikelihood_change",
            .gauge,
            "Log-likelihood of audited tokens, pruned minus dense, nats a token."
        ),
        MetricFamily(
            "probe_shadow_breached",
            .gauge,
            "1 when the divergence has passed its limit and everything runs dense."
        ),
        MetricFamily(
            "probe_target_ratio",
            .gauge,
            "Pruning ratio in force for requests that name none."
        ),
        MetricFamily(
            "probe_target_missed_total",
            .counter,
            "Latencies over their target, by target."
        ),
        MetricFamily("probe_nonfinite_total", .counter, "Batches whose scores were not finite."),
        MetricFamily(
            "probe_dense_fallback_total",
            .counter,
            "Batches that ran dense though pruning was asked for, by reason."
        ),
        MetricFamily("process_uptime_seconds", .gauge, "Time since the server began."),
        MetricFamily("process_resident_memory_bytes", .gauge, "Memory in use."),
        MetricFamily("process_open_fds", .gauge, "Open file descriptors."),
    ]
}
