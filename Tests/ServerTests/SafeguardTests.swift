import Foundation
import JSONText
import Runtime
import Testing

@testable import Server

/// What guards an operator who leaves pruning on, over a real socket.
@Suite("Safeguards", .serialized)
struct SafeguardTests {
    private static let pruned =
        #"{"prompt":"Once upon a time there was","temperature":0,"max_tokens":20,"#
        + #""ignore_eos":true,"pruning":{"ratio":0.4}}"#

    /// The value of a series once it has reached `least`.
    private static func series(
        _ name: String,
        reaching least: Double,
        _ server: RunningServer
    ) async throws -> Double {
        for _ in 0..<200 {
            let lines = try await server.send("/metrics").body.split(separator: "\n")
            let value = lines.first { $0.hasPrefix(name + " ") }
                .flatMap { Double($0.dropFirst(name.count + 1)) }
            if let value, value >= least { return value }
            try await Task.sleep(for: .milliseconds(50))
        }
        Issue.record("\(name) has not reached \(least)")
        return 0
    }

    @Test("pruned answers are scored again when idle, and their divergence is told")
    func audit() async throws {
        var configuration = RunningServer.configuration
        configuration.safeguards.shadowRate = 1
        try await RunningServer.with(configuration) { server in
            _ = try await server.send("/v1/completions", Self.pruned)
            _ = try await Self.series("probe_shadow_requests_total", reaching: 1, server)
            let kl = try #require(try await server.metric("probe_shadow_kl"))
            let agreement = try #require(try await server.metric("probe_shadow_top1_agreement"))
            let change = try #require(
                try await server.metric("probe_shadow_loglikelihood_change")
            )
            #expect(kl > 0 && kl < 10)
            #expect(0...1 ~= agreement)
            #expect(change.isFinite && change != 0)
            #expect(try await server.metric("probe_shadow_breached") == 0)
            try await server.waitUntilIdle()
        }
    }

    @Test("audits at a ratio that removes nothing worth a step find no divergence")
    func auditOfDense() async throws {
        var configuration = RunningServer.configuration
        configuration.safeguards.shadowRate = 1
        try await RunningServer.with(configuration) { server in
            // A ratio of one hundredth removes a few channels and no head.
            _ = try await server.send(
                "/v1/completions",
                Self.pruned.replacing("0.4", with: "0.01")
            )
            _ = try await Self.series("probe_shadow_requests_total", reaching: 1, server)
            let small = try #require(try await server.metric("probe_shadow_kl"))
            _ = try await server.send("/v1/completions", Self.pruned)
            _ = try await Self.series("probe_shadow_requests_total", reaching: 2, server)
            let mean = try #require(try await server.metric("probe_shadow_kl"))
            #expect(small < mean, "0.01: \(small), with 0.4: \(mean)")
        }
    }

    @Test("a divergence over the limit turns pruning off, and answers say so")
    func breach() async throws {
        var configuration = RunningServer.configuration
        configuration.safeguards.shadowRate = 1
        configuration.safeguards.maxDivergence = 1e-9
        try await RunningServer.with(configuration) { server in
            let before = try await server.send("/v1/completions", Self.pruned)
            #expect(before.json[path: "usage", "pruning", "dense_fallback"] == .null)
            for count in 1...4 {
                _ = try await server.send("/v1/completions", Self.pruned)
                _ = try await Self.series(
                    "probe_shadow_requests_total",
                    reaching: Double(count),
                    server
                )
            }
            _ = try await Self.series("probe_shadow_breached", reaching: 1, server)
            let after = try await server.send("/v1/completions", Self.pruned)
            let told = after.json[path: "usage", "pruning"]
            #expect(told[path: "dense_fallback"].string == "divergence")
            #expect(told[path: "realised_flops_ratio"].double == 1)
            let dense = try await server.send(
                "/v1/completions",
                Self.pruned.replacing("0.4", with: "0")
            )
            let path = ["choices", "0", "text"]
            #expect(
                after.json[path: path[0], path[1], path[2]]
                    == dense.json[path: path[0], path[1], path[2]]
            )
            _ = try await Self.series(
                #"probe_dense_fallback_total{reason="divergence"}"#,
                reaching: 1,
                server
            )
        }
    }

    @Test("pruning is measured against dense, and the batches that served for that are counted")
    func neverSlower() async throws {
        var configuration = RunningServer.configuration
        configuration.safeguards.isNeverSlower = true
        try await RunningServer.with(configuration) { server in
            var fallbacks: Set<String> = []
            for _ in 0..<8 {
                let reply = try await server.send("/v1/completions", Self.pruned)
                #expect(reply.status == 200)
                let reason = reply.json[path: "usage", "pruning", "dense_fallback"].string
                if let reason { fallbacks.insert(reason) }
            }
            #expect(fallbacks.isSubset(of: ["trial", "slower"]))
            // Two trials at each of the two phases.
            _ = try await Self.series(
                #"probe_dense_fallback_total{reason="trial"}"#,
                reaching: 4,
                server
            )
            // Answers of the scope `sequence` never depend on a clock.
            let own = try await server.send(
                "/v1/completions",
                Self.pruned.replacing(
                    #""ratio":0.4"#,
                    with: #""ratio":0.4,"mask_scope":"sequence""#
                )
            )
            #expect(own.json[path: "usage", "pruning", "dense_fallback"] == .null)
        }
    }

    @Test("a missed target raises the ratio of requests that name none, up to the cap")
    func target() async throws {
        var configuration = RunningServer.configuration
        configuration.maxPruneRatio = 0.2
        configuration.targetInterTokenLatency = .nanoseconds(1)
        try await RunningServer.with(configuration) { server in
            let body = #"{"prompt":"abc","max_tokens":200,"ignore_eos":true}"#
            let first = try await server.send("/v1/completions", body)
            #expect(first.json[path: "usage", "pruning", "ratio"].double == 0)
            let deadline = ContinuousClock.now + .seconds(30)
            var ratio = 0.0
            while ratio < 0.2, ContinuousClock.now < deadline {
                let reply = try await server.send("/v1/completions", body)
                ratio = reply.json[path: "usage", "pruning", "ratio"].double ?? 0
                #expect(ratio <= 0.2)
            }
            #expect(ratio == 0.2)
            #expect(try await server.metric("probe_target_ratio") == 0.2)
            // Who names a ratio gets it.
            let own = try await server.send(
                "/v1/completions",
                #"{"prompt":"abc","max_tokens":2,"pruning":{"ratio":0}}"#
            )
            #expect(own.json[path: "usage", "pruning", "ratio"].double == 0)
        }
    }

    @Test(
        "a fault ends in failed requests with 500, never a hang; the others are answered",
        arguments: [InjectedFault.allocation, .workerThrows]
    )
    func faults(fault: InjectedFault) async throws {
        var configuration = RunningServer.configuration
        configuration.safeguards.fault = fault
        try await RunningServer.with(configuration) { server in
            var statuses: [Int] = []
            for _ in 0..<16 {
                let reply = try await server.send(
                    "/v1/completions",
                    #"{"prompt":"abc","max_tokens":3,"ignore_eos":true}"#
                )
                statuses.append(reply.status)
                if reply.status == 500 {
                    #expect(reply.json[path: "error", "code"].string == "internal_error")
                }
            }
            #expect(Set(statuses) == [200, 500], "\(statuses)")
            try await server.waitUntilIdle()
            #expect(try await server.send("/health/live").status == 200)
        }
    }

    @Test("NaN in a probe costs a batch its speed, not its answer")
    func nanInProbe() async throws {
        var configuration = RunningServer.configuration
        configuration.safeguards.fault = .nanInProbe
        try await RunningServer.with(configuration) { server in
            let reply = try await server.send("/v1/completions", Self.pruned)
            #expect(reply.status == 200)
            #expect(
                reply.json[path: "usage", "pruning", "dense_fallback"].string == "nonfinite"
            )
            _ = try await Self.series("probe_nonfinite_total", reaching: 1, server)
        }
    }
}
