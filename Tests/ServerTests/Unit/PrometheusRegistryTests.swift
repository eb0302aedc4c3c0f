import CoreMetrics
import Testing

@testable import Server

@Suite("PrometheusRegistry")
struct PrometheusRegistryTests {
    private let registry = PrometheusRegistry([
        MetricFamily("hits_total", .counter, "Hits."),
        MetricFamily("load", .gauge, "Load."),
        MetricFamily("wait_seconds", .histogram, "Waits.", bounds: [0.1, 1]),
    ])

    @Test("writes Prometheus's text: help, type, labels, cumulative buckets")
    func text() {
        Counter(label: "hits_total", dimensions: [("path", "a\"b\\\n")], factory: registry)
            .increment(by: 3)
        Meter(label: "load", factory: registry).set(0.5)
        let waits = Recorder(label: "wait_seconds", factory: registry)
        for value in [0.05, 0.5, 0.1, 7] { waits.record(value) }
        #expect(
            registry.text == #"""
                # HELP hits_total Hits.
                # TYPE hits_total counter
                hits_total{path="a\"b\\\n"} 3.0
                # HELP load Load.
                # TYPE load gauge
                load 0.5
                # HELP wait_seconds Waits.
                # TYPE wait_seconds histogram
                wait_seconds_bucket{le="0.1"} 2
                wait_seconds_bucket{le="1.0"} 3
                wait_seconds_bucket{le="+Inf"} 4
                wait_seconds_sum 7.65
                wait_seconds_count 4

                """#
        )
    }

    @Test("what is not declared is not exported")
    func undeclared() {
        Counter(label: "other", factory: registry).increment()
        #expect(!registry.text.contains("other"))
    }

    @Test("counters show from the start, with zero")
    func zero() {
        _ = Counter(label: "hits_total", factory: registry)
        #expect(registry.text.contains("hits_total 0.0"))
    }
}
