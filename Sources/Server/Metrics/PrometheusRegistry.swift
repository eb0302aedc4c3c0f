import CoreMetrics
import Synchronization

/// A swift-metrics backend that writes Prometheus's text format.
///
/// Families are declared before they are used, with help and buckets; what is not declared is not
/// exported, so that a library's metrics cannot break the exposition.
final class PrometheusRegistry: MetricsFactory {
    private let families: Mutex<[String: MetricFamily]>

    /// A registry of the given families; each shows from the start, those without labels with zero.
    init(_ declared: [MetricFamily]) {
        var families: [String: MetricFamily] = [:]
        for family in declared { families[family.name] = family }
        self.families = Mutex(families)
    }

    /// The exposition.
    var text: String {
        families.withLock { families in
            families.keys.sorted().compactMap { families[$0] }
                .filter { !$0.series.isEmpty }.map(\.text).joined()
        }
    }

    /// Changes one family; unknown names are ignored.
    func update(_ name: String, _ body: (inout MetricFamily) -> Void) {
        families.withLock { families in
            guard var family = families.removeValue(forKey: name) else { return }
            body(&family)
            families[name] = family
        }
    }

    /// Labels as the exposition writes them; empty when there are none.
    static func labels(_ dimensions: [(String, String)]) -> String {
        guard !dimensions.isEmpty else { return "" }
        let pairs = dimensions.map { name, value in
            let escaped = value.flatMap { character -> [Character] in
                switch character {
                case "\\": ["\\", "\\"]
                case "\"": ["\\", "\""]
                case "\n": ["\\", "n"]
                default: [character]
                }
            }
            return "\(name)=\"\(String(escaped))\""
        }
        return "{\(pairs.joined(separator: ","))}"
    }

    // MARK: - swift-metrics

    func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        PrometheusHandler(self, label, dimensions)
    }

    func makeFloatingPointCounter(
        label: String,
        dimensions: [(String, String)]
    ) -> any FloatingPointCounterHandler {
        PrometheusHandler(self, label, dimensions)
    }

    func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
        PrometheusHandler(self, label, dimensions)
    }

    func makeRecorder(
        label: String,
        dimensions: [(String, String)],
        aggregate: Bool
    ) -> any RecorderHandler {
        PrometheusHandler(self, label, dimensions)
    }

    func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        PrometheusHandler(self, label, dimensions)
    }

    func destroyCounter(_ handler: any CounterHandler) {}
    func destroyFloatingPointCounter(_ handler: any FloatingPointCounterHandler) {}
    func destroyMeter(_ handler: any MeterHandler) {}
    func destroyRecorder(_ handler: any RecorderHandler) {}
    func destroyTimer(_ handler: any TimerHandler) {}
}
