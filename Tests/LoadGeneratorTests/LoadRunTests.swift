import AsyncHTTPClient
import Foundation
import Testing

@testable import LoadGenerator

/// Whole runs against a server that does what it is told.
@Suite("LoadRun")
struct LoadRunTests {
    private static func chunk(_ text: String, finish: Bool = false) -> [UInt8] {
        let reason = finish ? "\"length\"" : "null"
        return Array(
            "data: {\"choices\":[{\"text\":\"\(text)\",\"finish_reason\":\(reason)}]}\n\n".utf8
        )
    }

    private static let usage =
        Array(
            #"data: {"choices":[],"usage":{"prompt_tokens":7,"completion_tokens":5}}"#.utf8
        ) + [0x0a, 0x0a]
    private static let done = Array("data: [DONE]\n\n".utf8)
    private static let answer = [
        chunk(""), chunk("é"), chunk("漢"), chunk("!", finish: true), usage, done,
    ]

    private func run(
        _ server: ScriptedServer,
        _ plan: LoadPlan,
        timeout: Duration = .seconds(20),
        change: (inout RequestOptions) -> Void = { _ in }
    ) async throws -> LoadResult {
        var options = RequestOptions(model: "m")
        options.timeout = timeout
        change(&options)
        let client = HTTPClient(configuration: LoadRun.configuration(timeout: timeout))
        let load = LoadRun(client: client, address: try ServerAddress(server.url), options: options)
        let result = await load(plan)
        try await client.shutdown()
        return result
    }

    private func plan(_ count: Int, clients: Int = 1) -> LoadPlan {
        let one = PlannedRequest(promptTokenCount: 3, outputTokenCount: 4)
        return LoadPlan(clientCount: clients, requests: Array(repeating: one, count: count))
    }

    /// The outcome of a single request.
    private func outcome(
        _ answer: ScriptedServer.Answer,
        timeout: Duration = .seconds(20)
    ) async throws -> RequestRecord.Outcome {
        var found: RequestRecord.Outcome?
        try await ScriptedServer.run([answer]) { server in
            found = try await run(server, plan(1), timeout: timeout).records.first?.outcome
        }
        return try #require(found)
    }

    @Test("an answer is measured: text chunks, usage, whole outcome")
    func completes() async throws {
        try await ScriptedServer.run([.stream(Self.answer)]) { server in
            let result = try await run(server, plan(1))
            let record = try #require(result.records.first)
            #expect(record.outcome == .completed)
            #expect(record.chunkTimes.count == 3)
            #expect(record.promptTokenCount == 7)
            #expect(record.outputTokenCount == 5)
        }
    }

    @Test("an answer cut anywhere, also within characters, is measured the same")
    func cuts() async throws {
        let bytes = Self.answer.flatMap(\.self)
        let answers = stride(from: 1, to: bytes.count, by: 7).map { cut in
            ScriptedServer.Answer.stream([Array(bytes[..<cut]), Array(bytes[cut...])])
        }
        try await ScriptedServer.run(answers) { server in
            let result = try await run(server, plan(answers.count))
            #expect(result.records.count == answers.count)
            #expect(result.records.allSatisfy { $0.outcome == .completed })
            #expect(result.records.allSatisfy { $0.chunkTimes.count == 3 })
        }
    }

    @Test("a slow answer shows in the times of its chunks and its end")
    func slow() async throws {
        let pieces = [Self.chunk("a"), Self.chunk("b", finish: true), Self.done]
        try await ScriptedServer.run([.slow(pieces, .milliseconds(40))]) { server in
            let record = try #require(try await run(server, plan(1)).records.first)
            #expect(record.outcome == .completed)
            // A busy machine may deliver a chunk late, never early.
            #expect(try #require(record.chunkTimes.last) >= 0.04)
            #expect(record.duration >= 0.08)
        }
    }

    @Test("the body carries what was asked for, and the ratio only when given")
    func bodies() async throws {
        try await ScriptedServer.run([.stream(Self.answer)]) { server in
            _ = try await run(server, plan(1)) {
                $0.apiKey = "secret"
                $0.ignoresEndOfText = false
            }
            _ = try await run(server, plan(1)) {
                $0.pruningRatio = 0.4
                $0.keepsConnections = false
            }
            let received = server.received
            #expect(received.map(\.uri) == ["/v1/completions", "/v1/completions"])
            #expect(received.map(\.authorization) == ["Bearer secret", nil])
            #expect(received.map(\.connection) == [nil, "close"])
            let bodies = try received.map {
                try #require(
                    try JSONSerialization.jsonObject(with: Data($0.body.utf8)) as? [String: Any]
                )
            }
            #expect(bodies[0]["pruning"] == nil)
            #expect(bodies[0]["ignore_eos"] == nil)
            #expect(bodies[0]["max_tokens"] as? Int == 4)
            #expect(bodies[0]["stream"] as? Bool == true)
            let options = bodies[0]["stream_options"] as? [String: Any]
            #expect(options?["include_usage"] as? Bool == true)
            #expect((bodies[1]["pruning"] as? [String: Any])?["ratio"] as? Double == 0.4)
            #expect(bodies[1]["ignore_eos"] as? Bool == true)
        }
    }

    @Test("an answer other than 200 is a failure with the server's words")
    func statuses() async throws {
        let body = #"{"error":{"message":"the queue is full","type":"x"}}"#
        #expect(
            try await outcome(.whole(429, body)) == .failed(.status(429, "the queue is full"))
        )
        #expect(try await outcome(.whole(500, "oops")) == .failed(.status(500, "oops")))
    }

    @Test("an error event ends the request with its message")
    func errorEvents() async throws {
        let event = Array("data: {\"error\":{\"message\":\"draining\"}}\n\n".utf8)
        let found = try await outcome(.stream([Self.chunk("a"), event]))
        #expect(found == .failed(.errorEvent("draining")))
    }

    @Test("a stream that ends early, politely or not, is broken")
    func broken() async throws {
        #expect(try await outcome(.stream([Self.chunk("a")])) == .failed(.brokenStream))
        let torn = try await outcome(.breaksAfter([Self.chunk("a")]))
        guard case .failed(.connection) = torn else {
            Issue.record("expected a broken connection, found \(torn)")
            return
        }
    }

    @Test("a stream without [DONE] but with a finish reason is whole")
    func withoutDone() async throws {
        #expect(try await outcome(.stream([Self.chunk("a", finish: true)])) == .completed)
    }

    @Test("what is not a stream of completions is refused")
    func malformed() async throws {
        for answer in [
            ScriptedServer.Answer.stream([Array("data: <html>\n\n".utf8)]),
            .stream([Self.chunk("a")], type: "text/html"), .whole(200, "{}"),
        ] {
            let found = try await outcome(answer)
            guard case .failed(.malformedStream) = found else {
                Issue.record("expected a malformed stream, found \(found)")
                return
            }
        }
    }

    @Test("a server that hangs up, or is not there, is a failed connection")
    func hangsUp() async throws {
        guard case .failed(.connection) = try await outcome(.hangsUp) else {
            Issue.record("a server that hangs up")
            return
        }
    }

    @Test("silence, before the answer and within it, ends at the timeout")
    func timeouts() async throws {
        #expect(try await outcome(.silence, timeout: .milliseconds(200)) == .failed(.timedOut))
        let endless = ScriptedServer.Answer.slow(
            Array(repeating: Self.chunk("a"), count: 1_000),
            .milliseconds(20)
        )
        #expect(try await outcome(endless, timeout: .milliseconds(200)) == .failed(.timedOut))
    }

    @Test("a closed loop keeps as many requests under way as it has clients, never more")
    func closedLoop() async throws {
        let answer = ScriptedServer.Answer.slow(
            [Self.chunk("a", finish: true), Self.done],
            .milliseconds(10)
        )
        try await ScriptedServer.run([answer]) { server in
            let result = try await run(server, plan(30, clients: 4))
            #expect(result.records.filter { $0.outcome == .completed }.count == 30)
            #expect(server.mostUnderWay == 4)
            // No two prompts are the same.
            #expect(Set(server.received.map(\.body)).count == 30)
        }
    }

    @Test("an open loop sends on time however slow the answers are")
    func openLoop() async throws {
        let answer = ScriptedServer.Answer.slow(
            [Self.chunk("a", finish: true), Self.done],
            .seconds(2)
        )
        let requests = (0..<5).map {
            PlannedRequest(
                arrival: .milliseconds(30 * $0),
                promptTokenCount: 1,
                outputTokenCount: 1
            )
        }
        try await ScriptedServer.run([answer]) { server in
            let result = try await run(server, LoadPlan(arrivals: requests))
            #expect(server.mostUnderWay == 5)
            for (index, record) in result.records.sorted(by: { $0.sent < $1.sent }).enumerated() {
                #expect(record.sent >= 0.03 * Double(index))
            }
        }
    }

    @Test("an interrupted run returns what it has; the rest is unfinished")
    func interrupted() async throws {
        let answers: [ScriptedServer.Answer] = [
            .stream(Self.answer), .stream(Self.answer), .silence,
        ]
        try await ScriptedServer.run(answers) { server in
            let client = HTTPClient(configuration: LoadRun.configuration(timeout: .seconds(60)))
            let load = LoadRun(
                client: client,
                address: try ServerAddress(server.url),
                options: RequestOptions(model: "m")
            )
            let plan = plan(10)
            let task = Task { await load(plan) }
            while server.received.count < 3 { try await Task.sleep(for: .milliseconds(5)) }
            task.cancel()
            let report = LoadReport(await task.value, targets: [], isOpenLoop: false)
            try await client.shutdown()
            #expect(report.completed == 2)
            #expect(report.failed == 0)
            #expect(report.unfinished == 8)
        }
    }

    @Test("the first model is found; a server without one, or none at all, is an error of one line")
    func models() async throws {
        let client = HTTPClient(configuration: LoadRun.configuration(timeout: .seconds(20)))
        func model(_ url: String) async throws -> String {
            try await LoadRun(
                client: client,
                address: try ServerAddress(url),
                options: RequestOptions(model: "")
            ).firstModel()
        }
        let answers: [ScriptedServer.Answer] = [
            .whole(200, #"{"data":[{"id":"tiny"},{"id":"other"}]}"#),
            .whole(200, #"{"data":[]}"#), .whole(401, #"{"error":{"message":"no key"}}"#),
            .whole(200, "<html>"),
        ]
        var gone = ""
        try await ScriptedServer.run(answers) { server in
            gone = server.url
            let name = try await model(server.url)
            #expect(name == "tiny")
            for _ in 0..<3 {
                await #expect(throws: LoadError.self) { try await model(server.url) }
            }
        }
        await #expect(throws: LoadError.self) { try await model(gone) }
        try await client.shutdown()
    }
}
