import CoreMetrics

/// One metric of swift-metrics, kept in a registry.
final class PrometheusHandler: CounterHandler, FloatingPointCounterHandler, MeterHandler,
    RecorderHandler, TimerHandler
{
    private let registry: PrometheusRegistry
    private let name: String
    private let labels: String

    init(_ registry: PrometheusRegistry, _ name: String, _ dimensions: [(String, String)]) {
        self.registry = registry
        self.name = name
        labels = PrometheusRegistry.labels(dimensions)
        // A series shows from the start, so that rates of rare events begin at zero.
        registry.update(name) { family in
            if family.kind != .histogram { family.add(0, labels: labels) }
        }
    }

    func increment(by amount: Int64) { increment(by: Double(amount)) }

    func increment(by amount: Double) {
        registry.update(name) { $0.add(amount, labels: labels) }
    }

    func decrement(by amount: Double) { increment(by: -amount) }

    func set(_ value: Int64) { set(Double(value)) }

    func set(_ value: Double) {
        registry.update(name) { $0.set(value, labels: labels) }
    }

    func record(_ value: Int64) { record(Double(value)) }

    func record(_ value: Double) {
        registry.update(name) { $0.observe(value, labels: labels) }
    }

    func recordNanoseconds(_ duration: Int64) { record(Double(duration) / 1e9) }

    func reset() { set(0.0) }
}
