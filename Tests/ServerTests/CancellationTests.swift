import AsyncHTTPClient
import Foundation
import NIOHTTP1
import Testing

@testable import Server

/// Clients that go away.
@Suite("Cancellation", .serialized)
struct CancellationTests {
    @Test("150 random aborts, streaming and not, leave nothing running and every block free")
    func aborts() async throws {
        try await RunningServer.with { server in
            var generator = SystemRandomNumberGenerator()
            for _ in 0..<15 {
                let delays = (0..<10).map { _ in Int.random(in: 0...30, using: &generator) }
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for (index, delay) in delays.enumerated() {
                        group.addTask {
                            try await Self.abort(server, streams: index % 2 == 0, after: delay)
                        }
                    }
                    try await group.waitForAll()
                }
            }
            try await server.waitUntilIdle()
            let aborted = try await server.send("/metrics").body.split(separator: "\n")
                .first { $0.hasPrefix(#"request_success_total{finished_reason="abort"}"#) }
            #expect(aborted?.hasSuffix(" 0.0") == false, "no request was aborted while it ran")
            // It still answers.
            let reply = try await server.send("/v1/completions", #"{"prompt":"a","max_tokens":3}"#)
            #expect(reply.status == 200)
        }
    }

    /// Starts a long answer and gives it up after some milliseconds.
    private static func abort(_ server: RunningServer, streams: Bool, after: Int) async throws {
        let body =
            #"{"prompt":"a long story","max_tokens":240,"ignore_eos":true,"#
            + #""stream":\#(streams),"pruning":{"ratio":\#(after % 2 == 0 ? 0 : 0.4)}}"#
        let task = Task {
            let response = try await server.open("/v1/completions", body)
            for try await _ in response.body {}
        }
        try await Task.sleep(for: .milliseconds(after))
        task.cancel()
        _ = await task.result
    }

    @Test("a client that never reads its stream hurts nobody else")
    func slowReader() async throws {
        try await RunningServer.with { server in
            let long = #"{"prompt":"a","max_tokens":240,"ignore_eos":true,"stream":true}"#
            let silent = try await server.open("/v1/completions", long)
            #expect(silent.status == .ok)
            for _ in 0..<5 {
                let reply = try await server.send(
                    "/v1/completions",
                    #"{"prompt":"b","max_tokens":5,"temperature":0}"#
                )
                #expect(reply.status == 200)
            }
            // The engine does not wait for the reader: its sequence ends all the same.
            try await server.waitUntilIdle()
            _ = silent
        }
    }
}
