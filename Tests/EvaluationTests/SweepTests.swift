import Foundation
import Testing

@testable import Evaluation

#if canImport(FoundationXML)
import FoundationXML
#endif

@Suite("Sweep")
struct SweepTests {
    private let cell = SweepCell(text: "t", context: 4, batch: 2)
    private let header = SweepState.Header(modelSHA256: "ab", settings: ["--weights": "f32"])

    private func record(
        _ method: String,
        _ ratio: Double,
        _ index: Int = 0,
        nll: [Double] = [1, 1],
        seconds: Double = 1,
        overlaps: [Double?] = [nil, nil]
    ) -> SweepRecord {
        SweepRecord(
            cell: cell,
            run: SweepRun(method: method, ratio: ratio),
            index: index,
            windowMeans: nll,
            tokens: 8,
            seconds: seconds,
            probeSeconds: 0.25 * seconds,
            realisedRatio: 1 - 0.5 * ratio,
            probeRatio: method == "pp" ? 0.01 : 0,
            keptShares: [1, 1 - ratio],
            overlaps: overlaps
        )
    }

    private func rows(_ records: [SweepRecord]) -> [SweepRow] {
        var runs: [SweepRun] = []
        for record in records where !runs.contains(record.run) { runs.append(record.run) }
        return SweepRow.rows(records, cells: [cell], runs: runs)
    }

    /// A file of its own, removed at the end.
    private func withFile(_ body: (URL) throws -> Void) throws {
        let url = FileManager.default.temporaryDirectory
            .appending(component: "sweep-\(UUID().uuidString).jsonl")
        defer { try? FileManager.default.removeItem(at: url) }
        try body(url)
    }

    // MARK: - State

    @Test("what was measured is there after opening again")
    func resume() throws {
        try withFile { url in
            let first = try SweepState(url: url, header: header)
            let measured = [record("pp", 0.4, overlaps: [nil, 0.5]), record("pp", 0.4, 1)]
            for record in measured { try first.append(record) }
            let second = try SweepState(url: url, header: header)
            #expect(second.records == measured)
            #expect(second.contains(cell, SweepRun(method: "pp", ratio: 0.4), 1))
            #expect(!second.contains(cell, SweepRun(method: "pp", ratio: 0.4), 2))
            #expect(!second.contains(cell, SweepRun(method: "pp", ratio: 0.2), 1))
        }
    }

    @Test("a last line that was cut short is dropped, wherever it ends, and written anew")
    func torn() throws {
        try withFile { url in
            let state = try SweepState(url: url, header: header)
            try state.append(record("pp", 0.4))
            let whole = try Data(contentsOf: url)
            try state.append(record("pp", 0.4, 1))
            let both = try Data(contentsOf: url)
            for count in stride(from: whole.count, to: both.count, by: 7) {
                try both.prefix(count).write(to: url)
                let resumed = try SweepState(url: url, header: header)
                #expect(resumed.records.count == 1)
                try resumed.append(record("pp", 0.4, 1))
                #expect(try SweepState(url: url, header: header).records.count == 2)
            }
        }
    }

    @Test("another sweep's state is refused with what differs")
    func otherSweep() throws {
        try withFile { url in
            _ = try SweepState(url: url, header: header)
            var other = header
            other.settings["--weights"] = "int8"
            #expect(
                throws: EvaluationError.sweepState(
                    path: url.path,
                    reason: "begun with --weights f32, not int8; use another output folder"
                )
            ) { try SweepState(url: url, header: other) }
            other.modelSHA256 = "cd"
            #expect(
                throws: EvaluationError.sweepState(path: url.path, reason: "of another model")
            ) { try SweepState(url: url, header: other) }
        }
    }

    @Test("a file that is no state, or damaged in the middle, is refused and left alone")
    func damaged() throws {
        try withFile { url in
            let text = Data("hello\n".utf8)
            try text.write(to: url)
            #expect(
                throws: EvaluationError.sweepState(
                    path: url.path,
                    reason: "not the state of a sweep"
                )
            ) { try SweepState(url: url, header: header) }
            #expect(try Data(contentsOf: url) == text)
        }
        try withFile { url in
            _ = try SweepState(url: url, header: header)
            let damaged = try Data(contentsOf: url) + Data("{}\n{}\n".utf8)
            try damaged.write(to: url)
            #expect(
                throws: EvaluationError.sweepState(path: url.path, reason: "line 2 is damaged")
            ) { try SweepState(url: url, header: header) }
            #expect(try Data(contentsOf: url) == damaged)
        }
    }

    @Test("a path that cannot be written is refused")
    func unwritable() {
        let url = URL(filePath: "/dev/null/sweep.jsonl")
        #expect(throws: EvaluationError.self) { try SweepState(url: url, header: header) }
    }

    // MARK: - Rows

    @Test("perplexity, time, PRR and their errors, by hand")
    func row() throws {
        let rows = rows([
            record("dense", 0, 0, nll: [1, 3], seconds: 2),
            record("dense", 0, 1, nll: [2, 2], seconds: 4),
            record("pp", 0.4, 0, nll: [3, 3], seconds: 1, overlaps: [nil, nil]),
            record("pp", 0.4, 1, nll: [3, 3], seconds: 1, overlaps: [nil, 0.5]),
        ])
        let (dense, pruned) = (rows[0], rows[1])
        #expect(dense.windows == 4)
        #expect(abs(dense.perplexity - exp(2)) < 1e-12)
        // Deviations −1, 1, 0, 0: √(2/3/4).
        #expect(abs(dense.perplexityStandardError - exp(2) * (1.0 / 6).squareRoot()) < 1e-12)
        #expect(dense.secondsPerToken == 6.0 / 16)
        #expect(abs(dense.secondsPerTokenStandardError - 0.125) < 1e-12)
        #expect(dense.ratioOfDegradationToReduction == nil)
        let saved = 1e6 * (6.0 / 16 - 2.0 / 16)
        let ratio = try #require(pruned.ratioOfDegradationToReduction)
        #expect(abs(ratio - (exp(3) - exp(2)) / saved) < 1e-12)
        #expect(abs(pruned.realisedReduction - 0.2) < 1e-12)
        #expect(pruned.parameterReduction == 0)
        #expect(pruned.probeTimeShare == 0.25)
        #expect(pruned.overlaps == [nil, 0.5])
        #expect(pruned.keptShares == [1, 0.6])
    }

    @Test("without time saved there is no ratio, and the report says so")
    func noReduction() {
        let rows = rows([record("dense", 0, seconds: 1), record("flap", 0.4, seconds: 1)])
        #expect(rows[1].ratioOfDegradationToReduction == nil)
        let report = SweepReport(rows: rows)
        #expect(report.markdown.contains("| no reduction |"))
        #expect(report.csv.contains(",no reduction,"))
        #expect(abs(rows[1].parameterReduction - 0.2) < 1e-12)
    }

    @Test("the Pareto front leaves out what another run beats in both")
    func front() {
        let rows = rows([
            record("dense", 0, nll: [1, 1], seconds: 4),
            record("pp", 0.4, nll: [2, 2], seconds: 2),
            record("flap", 0.4, nll: [3, 3], seconds: 3),
            record("magnitude", 0.4, nll: [4, 4], seconds: 1),
        ])
        #expect(rows.map(\.isOnParetoFront) == [true, true, false, true])
    }

    @Test("names with commas and quotes stay one field of the CSV")
    func csv() {
        var odd = record("pp", 0.4)
        odd.cell = SweepCell(text: "a,\"b\"", context: 4, batch: 2)
        let rows = SweepRow.rows([odd], cells: [odd.cell], runs: [odd.run])
        let lines = SweepReport(rows: rows).csv.split(separator: "\n")
        #expect(lines.count == 2)
        #expect(lines[1].hasPrefix("\"a,\"\"b\"\"\",4,2,pp,0.4,2,"))
    }

    // MARK: - Plots

    @Test("every drawing is well-formed XML, whatever the names", arguments: [1, 2, 7])
    func drawings(count: Int) throws {
        var records = [record("dense", 0, nll: [1, 1.5], seconds: 4)]
        for index in 0..<count {
            records.append(
                record("<\(index)&>", 0.4, nll: [2, 2.5 + Double(index)], seconds: 2)
            )
        }
        let rows = rows(records)
        let heat = LayerHeatMap(title: "a & b", subtitle: "<c>", rows: rows, values: \.overlaps)
        for document in [ParetoPlot(rows: rows).document, heat.document] {
            let parser = XMLParser(data: Data(document.utf8))
            #expect(parser.parse())
            #expect(!document.contains("nan") && !document.contains("inf"))
        }
    }

    @Test("ticks are round numbers within the range")
    func ticks() {
        #expect(AxisTicks.linear(0...10, count: 5) == [0, 2, 4, 6, 8, 10])
        #expect(AxisTicks.linear(3...3) == [3])
        #expect(AxisTicks.logarithmic(20...250) == [20, 50, 100, 200])
        #expect(AxisTicks.logarithmic(0...1).isEmpty)
    }
}
