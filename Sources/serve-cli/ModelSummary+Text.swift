import Foundation

extension ModelSummary {
    /// The summary as a person reads it.
    func text(path: String) -> String {
        let model = name ?? "unnamed"
        let mlp = gated ? "gated, \(activation)" : "\(activation), no gate"
        let window = slidingWindow.map { ", some layers see \($0)" } ?? ""
        let rows = [
            ("file", path),
            ("model", "\(model) (\(architecture), licence \(licence ?? "not given"))"),
            ("parameters", "\(parameters)"),
            ("layers", "\(layers)"),
            ("hidden size", "\(hidden)"),
            ("heads", "\(heads) of \(headDimension), \(kvHeads) key-value heads"),
            ("MLP channels", "\(channels) (\(mlp))"),
            ("vocabulary", "\(vocabulary)\(tiedEmbeddings ? ", embedding and head tied" : "")"),
            ("context", "\(context) tokens\(window)"),
            ("tokenizer", "\(tokenizer), pre-tokenizer \(preTokenizer)"),
            ("chat template", chatTemplate ? "yes" : "no"),
            ("on disk", weights.sorted { $0.key < $1.key }.map(size).joined(separator: ", ")),
            ("KV cache", "\(kvBytesPerToken) bytes a token, whatever the ratio"),
        ]
        return
            (rows.map { line($0.0, $0.1) } + [""] + memoryLines + [""] + pruningLines)
            .joined(separator: "\n")
    }

    private func line(_ name: String, _ value: String) -> String {
        name.padding(toLength: 19, withPad: " ", startingAt: 0) + value
    }

    private func size(_ name: String, _ bytes: Int) -> String {
        "\(name) \(String(format: "%.1f MB", Double(bytes) / 1e6))"
    }

    private var memoryLines: [String] {
        ["in memory, by --weights"]
            + memory.sorted { ($0.value, $0.key) < ($1.value, $1.key) }.map { format, bytes in
                let size = String(format: "%10.1f MB", Double(bytes) / 1e6)
                return line("  \(format)", size + (format == autoWeights ? "  (auto)" : ""))
            }
    }

    private var pruningLines: [String] {
        [
            line(
                "prunable",
                "query heads and MLP channels of \(prunable.prunedLayers) layers"
                    + (prunable.skippedLayers > 0
                        ? "; the first \(prunable.skippedLayers) stay dense" : "")
            ),
            line("always dense", prunable.alwaysDense.joined(separator: ", ")),
            "  ratio   heads kept   channels kept   multiply-adds saved (probe not counted)",
        ]
            + savings.map {
                String(format: "  %5.2f", $0.pruneRatio)
                    + Self.right("\($0.keptHeads) of \(heads)", 13)
                    + Self.right("\($0.keptChannels) of \(channels)", 16)
                    + String(format: "%10.1f %%", $0.savedPercent)
            }
    }

    private static func right(_ text: String, _ width: Int) -> String {
        String(repeating: " ", count: max(0, width - text.count)) + text
    }
}
