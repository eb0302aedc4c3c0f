import Foundation

extension LoadReport {
    /// The report for a person: one figure a line, then a table of latencies.
    public var text: String {
        var lines = [
            row("requests", "\(completed) completed, \(failed) failed, \(unfinished) unfinished"),
            row("duration", number(durationSeconds) + " s"),
            row("requests/s", number(requestsPerSecond)),
            row("output tokens/s", number(outputTokensPerSecond)),
            row("output tokens", "\(outputTokens) (\(sourceText))"),
            row("prompt tokens", "\(promptTokens)"),
        ]
        if let goodput {
            lines.append(
                row(
                    "goodput",
                    "\(number(goodput.requestsPerSecond)) requests/s, "
                        + "\(number(goodput.share * 100)) %: "
                        + goodput.targets.joined(separator: ", ")
                )
            )
        }
        lines += latencyLines
        for failure in failures {
            lines.append("\(failure.count) × \(failure.kind): \(failure.example)")
        }
        return lines.joined(separator: "\n")
    }

    private var sourceText: String {
        switch outputTokensCountedBy {
        case .usage: "counted by the server"
        case .chunks: "counted as chunks: the server sends no usage"
        case .mixed: "counted by the server, as chunks where it sent no usage"
        }
    }

    private var latencyLines: [String] {
        let rows: [(String, Distribution?)] = [
            ("TTFT, ms", ttftMs), ("ITL, ms", itlMs), ("TPOT, ms", tpotMs),
            ("end to end, ms", e2eMs), ("sent late, ms", lagMs),
        ]
        let present = rows.compactMap { name, value in value.map { (name, $0) } }
        guard !present.isEmpty else { return [] }
        let header = ["mean", "p50", "p90", "p99", "max"].map { padded($0, 11) }.joined()
        return ["", row("", header)]
            + present.map { name, value in
                let cells = [value.mean, value.p50, value.p90, value.p99, value.max]
                return row(name, cells.map { padded(number($0), 11) }.joined())
            } + [""]
    }

    private func row(_ name: String, _ value: String) -> String {
        name.padding(toLength: 17, withPad: " ", startingAt: 0) + value
    }

    private func padded(_ text: String, _ width: Int) -> String {
        String(repeating: " ", count: max(0, width - text.count)) + text
    }

    private func number(_ value: Double) -> String {
        String(format: abs(value) < 10 ? "%.2f" : "%.1f", value)
    }
}
