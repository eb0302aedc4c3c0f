import Testing

@testable import LoadGenerator

@Suite("LoadReport")
struct LoadReportTests {
    private func record(
        _ chunks: [Double],
        duration: Double,
        tokens: Int? = nil,
        outcome: RequestRecord.Outcome = .completed
    ) -> RequestRecord {
        var record = RequestRecord()
        record.chunkTimes = chunks
        record.duration = duration
        record.reportedOutputTokenCount = tokens
        record.promptTokenCount = 10
        record.outcome = outcome
        return record
    }

    private func report(
        _ records: [RequestRecord],
        planned: Int? = nil,
        targets: [String] = []
    ) throws -> LoadReport {
        LoadReport(
            LoadResult(plannedCount: planned ?? records.count, records: records, duration: 2),
            targets: try targets.map { try GoodputTarget($0) },
            isOpenLoop: false
        )
    }

    @Test("latencies of two requests, computed by hand")
    func latencies() throws {
        let report = try report([
            record([0.1, 0.2, 0.4], duration: 0.5, tokens: 5),
            record([0.3, 0.4], duration: 0.4, tokens: 2),
        ])
        func close(_ found: Double?, _ expected: Double) -> Bool {
            abs((found ?? .nan) - expected) < 1e-9
        }
        #expect(close(report.ttftMs?.mean, 200))
        // Gaps 100, 200 and 100.
        #expect(close(report.itlMs?.p50, 100))
        #expect(close(report.itlMs?.max, 200))
        #expect(report.itlMs?.count == 3)
        // 300 ms for four tokens after the first, 100 ms for one.
        #expect(close(report.tpotMs?.mean, 87.5))
        #expect(close(report.e2eMs?.max, 500))
        #expect(report.outputTokens == 7)
        #expect(report.promptTokens == 20)
        #expect(report.outputTokensPerSecond == 3.5)
        #expect(report.requestsPerSecond == 1)
        #expect(report.outputTokensCountedBy == .usage)
        #expect(report.goodput == nil)
        #expect(report.lagMs == nil)
    }

    @Test("tokens are chunks where the server sends no usage, and the report says so")
    func sources() throws {
        let silent = record([0.1, 0.2, 0.3], duration: 0.3)
        let telling = record([0.1], duration: 0.3, tokens: 9)
        #expect(try report([silent]).outputTokensCountedBy == .chunks)
        #expect(try report([silent]).outputTokens == 3)
        let both = try report([silent, telling])
        #expect(both.outputTokensCountedBy == .mixed)
        #expect(both.outputTokens == 12)
        #expect(both.text.contains("as chunks where it sent no usage"))
    }

    @Test("goodput counts requests that keep every target, failed ones against it")
    func goodput() throws {
        let records = [
            record([0.1, 0.2], duration: 0.2),
            record([0.6, 0.7], duration: 0.7),
            record([0.1, 0.5], duration: 0.5),
            record([0.1], duration: 0.1),
            record([], duration: 0.1, outcome: .failed(.timedOut)),
            record([], duration: 0.1, outcome: .unfinished),
        ]
        let goodput = try #require(
            try report(records, targets: ["ttft:500", "tpot:100.5"]).goodput
        )
        #expect(goodput.requestsPerSecond == 1)
        #expect(goodput.share == 0.4)
        #expect(goodput.targets == ["ttft ≤ 500.0 ms", "itl ≤ 100.5 ms"])
    }

    @Test("failures are grouped by kind; latencies are those of completed requests alone")
    func failures() throws {
        let report = try report(
            [
                record([9], duration: 9, outcome: .failed(.status(429, "first\nline"))),
                record([], duration: 9, outcome: .failed(.status(429, "second"))),
                record([], duration: 9, outcome: .failed(.brokenStream)),
                record([0.1], duration: 0.1),
            ],
            planned: 6
        )
        #expect(report.failures.map(\.kind) == ["HTTP 429", "broken stream"])
        #expect(report.failures.map(\.count) == [2, 1])
        #expect(report.failures.first?.example == "first line")
        #expect([report.completed, report.failed, report.unfinished] == [1, 3, 2])
        #expect(report.e2eMs?.max == 100)
        #expect(report.text.contains("2 × HTTP 429: first line"))
    }

    @Test("a run without a completed request has no latencies")
    func nothing() throws {
        let report = try report([])
        #expect(report.ttftMs == nil)
        #expect(report.outputTokensPerSecond == 0)
        #expect(report.text.contains("0 completed"))
    }

    @Test(
        "targets that cannot be read are refused",
        arguments: [
            "", "ttft", "ttft:", "ttft:x", "ttft:-1", "ttft:0", "ttft:inf", "speed:1", "a:b:c",
        ]
    )
    func badTargets(text: String) {
        #expect(throws: LoadError.self) { try GoodputTarget(text) }
    }
}
