import Foundation
import ProbeScheduler
import Runtime

/// Dense and pruned answers in two columns, and what pruning did.
struct SideBySide {
    let prompts: [String]
    let dense: BatchGeneration.Result
    let pruned: BatchGeneration.Result
    let method: String
    let ratio: Double
    let width: Int

    /// Stands in the pruned text where it parts from the dense one.
    private static let parting = "▸"

    /// The whole comparison.
    var text: String {
        let column = max(20, (width - 3) / 2)
        var lines = [
            pad("dense", column) + " │ " + "\(method) at ratio \(ratio) ("
                + "\(Self.parting) where it parts from dense)"
        ]
        for (index, prompt) in prompts.enumerated() {
            lines.append(String(repeating: "─", count: 2 * column + 3))
            lines += wrap("▌ " + prompt, 2 * column + 3)
            let (left, right) = (dense.choices[index], pruned.choices[index])
            let common = zip(left.tokens, right.tokens).prefix { $0 == $1 }.count
            let same = left.tokens == right.tokens
            lines.append(
                same
                    ? "  the same \(common) tokens"
                    : "  parts after \(common) of \(left.tokens.count) tokens"
            )
            let rows = (wrap(left.text, column), wrap(marked(right.text, left.text), column))
            for row in 0..<max(rows.0.count, rows.1.count) {
                let first = row < rows.0.count ? rows.0[row] : ""
                let second = row < rows.1.count ? rows.1[row] : ""
                lines.append(pad(first, column) + " │ " + second)
            }
        }
        lines.append(String(repeating: "═", count: 2 * column + 3))
        return (lines + figures(column)).joined(separator: "\n")
    }

    private func figures(_ column: Int) -> [String] {
        let (left, right) = (RunSummary(dense), RunSummary(pruned))
        func row(_ title: String, _ first: String, _ second: String, _ third: String) -> String {
            pad(title, 38) + pad(first, 16) + pad(second, 16) + third
        }
        func speed(_ value: Double) -> String { String(format: "%.0f tokens/s", value) }
        func ratio(_ pruned: Double, _ dense: Double) -> String {
            String(format: "× %.2f", pruned / dense)
        }
        func share(_ counts: MultiplyAdds) -> String {
            String(format: "%.1f %%", 100 * counts.realisedRatio)
        }
        let kept = pruned.prefill.keptShares
        func mean(_ kind: PrunableBlock.Kind) -> String {
            let shares = kept.filter { $0.key.kind == kind }.map(\.value)
            guard !shares.isEmpty else { return "all" }
            return String(format: "%.1f %%", 100 * shares.reduce(0, +) / Double(shares.count))
        }
        let parted = zip(dense.choices, pruned.choices).filter { $0.tokens != $1.tokens }.count
        return [
            row("", "dense", method, "pruned ÷ dense"),
            row(
                "prefill",
                speed(left.prefillSpeed),
                speed(right.prefillSpeed),
                ratio(right.prefillSpeed, left.prefillSpeed)
            ),
            row(
                "decode, all sequences",
                speed(left.decodeSpeed),
                speed(right.decodeSpeed),
                ratio(right.decodeSpeed, left.decodeSpeed)
            ),
            row(
                "multiply-adds run (linear layers)",
                share(dense.prefill.multiplyAdds),
                share(right.multiplyAdds),
                "probe included"
            ),
            row(
                "  of prefill",
                share(dense.prefill.multiplyAdds),
                share(pruned.prefill.multiplyAdds),
                String(
                    format: "probe %.2f %% of dense, %.0f ms",
                    100 * pruned.prefill.multiplyAdds.probeRatio,
                    1000 * pruned.prefill.probeDuration.seconds
                )
            ),
            row("heads kept in pruned layers", "100 %", mean(.attention), ""),
            row("MLP channels kept in pruned layers", "100 %", mean(.mlp), ""),
            row(
                "answers that part from dense",
                "",
                "\(parted) of \(prompts.count)",
                ""
            ),
        ]
    }

    // MARK: - Text

    private func marked(_ text: String, _ other: String) -> String {
        guard text != other else { return text }
        let common = zip(text, other).prefix { $0 == $1 }.count
        return text.prefix(common) + Self.parting + text.dropFirst(common)
    }

    private func pad(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - text.count))
    }

    /// Breaks at spaces; words longer than a line are cut.
    private func wrap(_ text: String, _ width: Int) -> [String] {
        var lines: [String] = []
        for paragraph in text.split(separator: "\n", omittingEmptySubsequences: false) {
            var line = ""
            for word in paragraph.split(separator: " ", omittingEmptySubsequences: false) {
                var rest = Substring(word)
                if !line.isEmpty, line.count + 1 + rest.count > width {
                    lines.append(line)
                    line = ""
                }
                while rest.count > width {
                    lines.append(String(rest.prefix(width)))
                    rest = rest.dropFirst(width)
                }
                line += (line.isEmpty ? "" : " ") + rest
            }
            lines.append(line)
        }
        return lines
    }
}
