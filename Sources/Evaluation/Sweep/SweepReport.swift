public import Foundation

/// A sweep's rows as Markdown, CSV and JSON.
public struct SweepReport {
    /// Rows of all cells.
    public let rows: [SweepRow]

    /// A report.
    public init(rows: [SweepRow]) {
        self.rows = rows
    }

    /// Cells in the order of the rows.
    public var cells: [SweepCell] {
        rows.reduce(into: []) { cells, row in
            if !cells.contains(row.cell) { cells.append(row.cell) }
        }
    }

    /// Rows of one cell.
    public func rows(of cell: SweepCell) -> [SweepRow] { rows.filter { $0.cell == cell } }

    /// One table a cell.
    public var markdown: String {
        cells.map { cell in
            let lines = rows(of: cell).map { row in
                let method = row.isOnParetoFront ? "**\(row.run.method)**" : row.run.method
                let ratio = row.run.ratio == 0 ? "–" : "\(Int((100 * row.run.ratio).rounded())) %"
                let numbers = String(
                    format:
                        "%.2f ± %.2f | %.1f ± %.1f | %.1f %% | %.2f %% | %.1f %% | %.1f %% | %.0f %%",
                    row.perplexity,
                    row.perplexityStandardError,
                    1e6 * row.secondsPerToken,
                    1e6 * row.secondsPerTokenStandardError,
                    100 * row.realisedReduction,
                    100 * row.probeRatio,
                    100 * row.probeTimeShare,
                    100 * row.parameterReduction,
                    100 * row.kvReduction
                )
                return "| \(method) | \(ratio) | \(numbers) | \(Self.text(row)) |"
            }
            return """
                ### \(cell.title)

                | method | nominal | perplexity | µs a token | multiply-adds saved | probe, \
                of dense | deciding, share of time | parameters saved | KV cache saved | PRR |
                |---|---|---|---|---|---|---|---|---|---|
                \(lines.joined(separator: "\n"))

                """
        }.joined(separator: "\n")
            + """

            ± is one standard error: perplexity over windows, time over batches. Bold: on the Pareto front. \
            Multiply-adds: linear layers of all blocks, net of the probe. PRR: perplexity lost for each \
            microsecond a token gained.

            """
    }

    /// One line a row, with a header.
    public var csv: String {
        let header =
            "text,context,batch,method,nominal_ratio,windows,perplexity,perplexity_stderr,"
            + "seconds_per_token,seconds_per_token_stderr,realised_reduction,probe_ratio,"
            + "probe_time_share,parameter_reduction,kv_reduction,prr,pareto\n"
        return header
            + rows.map { row in
                let numbers: [Double] = [
                    row.perplexity, row.perplexityStandardError, row.secondsPerToken,
                    row.secondsPerTokenStandardError, row.realisedReduction, row.probeRatio,
                    row.probeTimeShare, row.parameterReduction, row.kvReduction,
                ]
                let fields =
                    [
                        Self.quoted(row.cell.text), String(row.cell.context),
                        String(row.cell.batch), Self.quoted(row.run.method),
                        String(row.run.ratio), String(row.windows),
                    ] + numbers.map { String($0) } + [
                        row.ratioOfDegradationToReduction.map { String($0) } ?? "no reduction",
                        row.isOnParetoFront ? "1" : "0",
                    ]
                return fields.joined(separator: ",") + "\n"
            }.joined()
    }

    /// All fields, in snake_case.
    public func json() throws -> Data {
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
        return try encoder.encode(rows) + Data("\n".utf8)
    }

    private static func text(_ row: SweepRow) -> String {
        guard row.run.ratio > 0 else { return "–" }
        return row.ratioOfDegradationToReduction.map { String(format: "%.3g", $0) }
            ?? "no reduction"
    }

    private static func quoted(_ text: String) -> String {
        guard text.contains(where: { $0 == "," || $0 == "\"" || $0.isNewline }) else { return text }
        return "\"" + text.replacingOccurrences(of: "\"", with: "\"\"") + "\""
    }
}
