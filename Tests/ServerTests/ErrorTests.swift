import Foundation
import JSONText
import Testing

@testable import Server

/// Bad input over a real socket: a 4xx that names the field, and the server goes on.
@Suite("Errors", .serialized)
struct ErrorTests {
    private static let completionErrors: [(body: String, param: String?, status: Int)] = [
        ("{", nil, 400),
        ("[]", nil, 400),
        ("\u{0}", nil, 400),
        (#"{"prompt":"a","prompt":"b"}"#, nil, 400),
        (String(repeating: "[", count: 5_000), nil, 400),
        (#"{}"#, "prompt", 400),
        (#"{"prompt":[]}"#, "prompt", 400),
        (#"{"prompt":7}"#, "prompt", 400),
        (#"{"prompt":[1,-1]}"#, "prompt", 400),
        (#"{"prompt":[1,999999]}"#, "prompt", 400),
        (#"{"prompt":[1,"a"]}"#, "prompt", 400),
        (#"{"prompt":["a",7]}"#, "prompt[1]", 400),
        (#"{"prompt":"a","model":"other"}"#, "model", 404),
        (#"{"prompt":"a","model":7}"#, "model", 400),
        (#"{"prompt":"a","max_tokens":0}"#, "max_tokens", 400),
        (#"{"prompt":"a","max_tokens":-1}"#, "max_tokens", 400),
        (#"{"prompt":"a","max_tokens":1e300}"#, "max_tokens", 400),
        (#"{"prompt":"a","max_tokens":1.5}"#, "max_tokens", 400),
        (#"{"prompt":"a","temperature":-0.1}"#, "temperature", 400),
        (#"{"prompt":"a","temperature":"hot"}"#, "temperature", 400),
        (#"{"prompt":"a","top_p":2}"#, "top_p", 400),
        (#"{"prompt":"a","top_k":-2}"#, "top_k", 400),
        (#"{"prompt":"a","min_p":-1}"#, "min_p", 400),
        (#"{"prompt":"a","presence_penalty":3}"#, "presence_penalty", 400),
        (#"{"prompt":"a","frequency_penalty":-3}"#, "frequency_penalty", 400),
        (#"{"prompt":"a","repetition_penalty":0}"#, "repetition_penalty", 400),
        (#"{"prompt":"a","seed":"x"}"#, "seed", 400),
        (#"{"prompt":"a","n":0}"#, "n", 400),
        (#"{"prompt":"a","n":99999999999999999999}"#, "n", 400),
        (#"{"prompt":"a","best_of":3}"#, "best_of", 400),
        (#"{"prompt":"a","stop":7}"#, "stop", 400),
        (#"{"prompt":"a","stop":["a",7]}"#, "stop", 400),
        (#"{"prompt":"a","logprobs":true}"#, "logprobs", 400),
        (#"{"prompt":"a","logit_bias":{"x":1}}"#, "logit_bias", 400),
        (#"{"prompt":"a","logit_bias":{"5":101}}"#, "logit_bias.5", 400),
        (#"{"prompt":"a","stream":"yes"}"#, "stream", 400),
        (#"{"prompt":"a","stream_options":{}}"#, "stream_options", 400),
        (#"{"prompt":"a","suffix":"b"}"#, "suffix", 400),
        (#"{"prompt":"a","pruning":{"ratio":1}}"#, "pruning.ratio", 400),
        (#"{"prompt":"a","pruning":0.4}"#, "pruning", 400),
        (#"{"prompt":"a","mask_scope":"all"}"#, "mask_scope", 400),
        (#"{"prompt":"a","priority":1000}"#, "priority", 400),
        (#"{"prompt":"\#(String(repeating: "word ", count: 200))"}"#, "prompt", 400),
        (#"{"prompt":"\#(String(repeating: "a", count: 70_000))"}"#, nil, 413),
    ]

    @Test("a bad completion is refused with its field's name")
    func completions() async throws {
        try await RunningServer.with { server in
            for (body, param, status) in Self.completionErrors {
                let reply = try await server.send("/v1/completions", body)
                let context = "\(body.prefix(60)) → \(reply.body)"
                #expect(reply.status == status, "\(context)")
                let error = reply.json[path: "error"]
                #expect(error[path: "param"].string == param, "\(context)")
                #expect(error[path: "message"].string?.isEmpty == false, "\(context)")
                #expect(error[path: "type"].string != nil, "\(context)")
            }
            let good = try await server.send("/v1/completions", #"{"prompt":"a","x":{"y":[]}}"#)
            #expect(good.status == 200, "unknown fields are ignored")
            try await server.waitUntilIdle()
        }
    }

    @Test(
        "a bad chat is refused with its field's name",
        arguments: [
            (#"{}"#, "messages"),
            (#"{"messages":[]}"#, "messages"),
            (#"{"messages":["a"]}"#, "messages[0]"),
            (#"{"messages":[{"content":"a"}]}"#, "messages[0].role"),
            (#"{"messages":[{"role":"user"}]}"#, "messages[0].content"),
            (
                #"{"messages":[{"role":"user","content":[{"type":"image_url"}]}]}"#,
                "messages[0].content[0]"
            ),
            (#"{"messages":[{"role":"user","content":"a"}],"tools":[{}]}"#, "tools"),
            (#"{"messages":[{"role":"user","content":"a"}],"top_logprobs":2}"#, "top_logprobs"),
            (
                #"{"messages":[{"role":"user","content":"a"}],"response_format":{"type":"json_object"}}"#,
                "response_format.type"
            ),
        ]
    )
    func chats(body: String, param: String) async throws {
        try await RunningServer.with { server in
            let reply = try await server.send("/v1/chat/completions", body)
            #expect(reply.status == 400)
            #expect(reply.json[path: "error", "param"].string == param, "\(reply.body)")
        }
    }

    @Test("unknown paths, invalid UTF-8 and wrong methods have the same form")
    func paths() async throws {
        try await RunningServer.with { server in
            let missing = try await server.send("/v1/nothing")
            #expect(missing.status == 404)
            #expect(missing.json[path: "error", "code"].string == "not_found")
            #expect(try await server.send("/v1/completions").status == 404)
            #expect(try await server.send("/v1/models/other").status == 404)
            let models = try await server.send("/v1/models")
            #expect(models.json[path: "data", "0", "id"].string == "tiny")
            #expect(try await server.send("/health/live").status == 200)
            #expect(try await server.send("/health/ready").status == 200)
        }
    }

    @Test("without a right key the API is closed, health and metrics are not")
    func keys() async throws {
        var configuration = RunningServer.configuration
        configuration.apiKeys = ["first", "second"]
        try await RunningServer.with(configuration) { server in
            for header in [nil, "Bearer wrong", "Bearer ", "second", "Basic second"] {
                let headers = header.map { ["Authorization": $0] } ?? [:]
                let reply = try await server.send("/v1/models", headers: headers)
                #expect(reply.status == 401, "\(header ?? "none")")
                #expect(reply.json[path: "error", "code"].string == "invalid_api_key")
            }
            for key in ["first", "second"] {
                let headers = ["Authorization": "Bearer \(key)"]
                #expect(try await server.send("/v1/models", headers: headers).status == 200)
            }
            #expect(try await server.send("/metrics").status == 200)
            #expect(try await server.send("/health").status == 200)
        }
    }

    @Test("browsers may call from the allowed origin, and from no other")
    func origins() async throws {
        var configuration = RunningServer.configuration
        configuration.allowedOrigin = "https://chat.example"
        let name = "access-control-allow-origin"
        let origin = ["Origin": "https://chat.example"]
        try await RunningServer.with(configuration) { server in
            let reply = try await server.send("/v1/models", headers: origin)
            #expect(reply.headers[name] == "https://chat.example")
        }
        try await RunningServer.with { server in
            let reply = try await server.send("/v1/models", headers: origin)
            #expect(reply.headers[name] == nil)
        }
    }

    @Test("a full queue answers 429 with Retry-After, and counts it")
    func queueFull() async throws {
        var configuration = RunningServer.configuration
        configuration.maxNumSeqs = 1
        configuration.maxWaitingRequests = 2
        try await RunningServer.with(configuration) { server in
            let long = #"{"prompt":"a","max_tokens":250,"ignore_eos":true}"#
            let replies = try await withThrowingTaskGroup(of: RunningServer.Reply.self) { group in
                for _ in 0..<12 { group.addTask { try await server.send("/v1/completions", long) } }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            let refused = replies.filter { $0.status == 429 }
            #expect(!refused.isEmpty)
            #expect(refused.allSatisfy { $0.headers["retry-after"] == "1" })
            #expect(refused.allSatisfy { $0.json[path: "error", "code"].string == "queue_full" })
            #expect(replies.allSatisfy { $0.status == 200 || $0.status == 429 })
            #expect(replies.contains { $0.status == 200 })
            let metrics = try await server.send("/metrics").body
            #expect(
                metrics.contains(
                    #"admission_rejections_total{reason="queue_full"} \#(Double(refused.count))"#
                )
            )
        }
    }
}
