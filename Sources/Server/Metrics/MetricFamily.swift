/// Metrics of one name: how they are described and how they count.
struct MetricFamily: Sendable {
    /// What a family measures.
    enum Kind: String, Sendable {
        case counter
        case gauge
        case histogram
    }

    /// One combination of labels.
    struct Series: Sendable {
        /// A counter's or gauge's value; a histogram's sum.
        var value = 0.0
        /// Observations up to each bound, not cumulative; the last is for those above all.
        var counts: [Int] = []
    }

    /// Name in the exposition, such as `prompt_tokens_total`.
    let name: String
    /// One sentence for the operator.
    let help: String
    /// What it measures.
    let kind: Kind
    /// Upper bounds of a histogram's buckets, ascending.
    let bounds: [Double]
    /// By label text, such as `{reason="stop"}`.
    var series: [String: Series] = [:]

    init(_ name: String, _ kind: Kind, _ help: String, bounds: [Double] = []) {
        self.name = name
        self.kind = kind
        self.help = help
        self.bounds = bounds
    }

    /// Adds to a counter or gauge.
    mutating func add(_ amount: Double, labels: String) {
        series[labels, default: Series()].value += amount
    }

    /// Sets a gauge.
    mutating func set(_ value: Double, labels: String) {
        series[labels, default: Series()].value = value
    }

    /// Adds an observation to a histogram.
    mutating func observe(_ value: Double, labels: String) {
        var entry = series[labels] ?? Series(counts: [Int](repeating: 0, count: bounds.count + 1))
        entry.value += value
        entry.counts[bounds.firstIndex { value <= $0 } ?? bounds.count] += 1
        series[labels] = entry
    }

    /// The family in Prometheus's text format.
    var text: String {
        var lines = ["# HELP \(name) \(help)", "# TYPE \(name) \(kind.rawValue)"]
        for labels in series.keys.sorted() {
            guard let entry = series[labels] else { continue }
            guard kind == .histogram else {
                lines.append("\(name)\(labels) \(entry.value)")
                continue
            }
            var total = 0
            for (bound, count) in zip(bounds.map { "\($0)" } + ["+Inf"], entry.counts) {
                total += count
                lines.append("\(name)_bucket\(merged(labels, "le=\"\(bound)\"")) \(total)")
            }
            lines.append("\(name)_sum\(labels) \(entry.value)")
            lines.append("\(name)_count\(labels) \(total)")
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private func merged(_ labels: String, _ label: String) -> String {
        labels.isEmpty ? "{\(label)}" : "\(labels.dropLast()),\(label)}"
    }
}
