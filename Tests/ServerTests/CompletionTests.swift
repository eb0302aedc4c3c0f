import Foundation
import JSONText
import ProbeScheduler
import Runtime
import TestSupport
import Testing
import Tokenizers

@testable import Server

/// Answers over a real socket.
@Suite("Completions", .serialized)
struct CompletionTests {
    @Test("at ratio 0 the server's tokens are the engine's, streamed or not, and usage says so")
    func equalsEngine() async throws {
        try await RunningServer.with { server in
            let prompt = server.model.tokenizer.encode("Hello, world")
            let expected = try Generation.greedy(server.model, [prompt], count: 12)[0]
            var decoder = TokenText(server.model)
            let text = decoder.text(of: expected)
            let fields =
                #""model":"tiny","prompt":"Hello, world","temperature":0,"max_tokens":12,"#
                + #""ignore_eos":true"#
            let whole = try await server.send("/v1/completions", "{\(fields)}")
            #expect(whole.status == 200, "\(whole.body)")
            let choice = whole.json[path: "choices", "0"]
            #expect(choice[path: "text"].string == text)
            #expect(choice[path: "finish_reason"].string == "length")
            #expect(choice[path: "logprobs"] == .null)
            #expect(whole.json[path: "object"].string == "text_completion")
            let usage = whole.json[path: "usage"]
            #expect(usage[path: "prompt_tokens"].integer == prompt.count)
            #expect(usage[path: "completion_tokens"].integer == 12)
            #expect(usage[path: "pruning", "method"].string == "dense")
            #expect(usage[path: "pruning", "realised_flops_ratio"].double == 1)

            let streamed = try await server.send(
                "/v1/completions",
                #"{\#(fields),"stream":true,"stream_options":{"include_usage":true}}"#
            )
            #expect(streamed.headers["content-type"]?.hasPrefix("text/event-stream") == true)
            let events = try streamed.events
            let last = try #require(events.last)
            #expect(last[path: "choices"] == .array([]))
            #expect(last[path: "usage", "completion_tokens"].integer == 12)
            let chunks = events.dropLast()
            #expect(chunks.map { $0[path: "choices", "0", "text"].string ?? "" }.joined() == text)
            #expect(chunks.last?[path: "choices", "0", "finish_reason"].string == "length")
            #expect(chunks.allSatisfy { $0[path: "usage"] == .null })
        }
    }

    @Test("a chat's first chunk has the role, and its text is that of the whole answer")
    func chat() async throws {
        try await RunningServer.with { server in
            let fields =
                #""messages":[{"role":"user","content":[{"type":"text","text":"Hi"}]}],"#
                + #""temperature":0,"max_completion_tokens":8,"logprobs":true,"top_logprobs":2"#
            let whole = try await server.send("/v1/chat/completions", "{\(fields)}")
            #expect(whole.status == 200, "\(whole.body)")
            let message = whole.json[path: "choices", "0", "message"]
            #expect(message[path: "role"].string == "assistant")
            let count = try #require(whole.json[path: "usage", "completion_tokens"].integer)
            let logprobs = whole.json[path: "choices", "0", "logprobs", "content"].array ?? []
            #expect(logprobs.count == count)
            #expect(logprobs.allSatisfy { $0[path: "top_logprobs"].array?.count == 2 })
            // At temperature 0 the chosen token is the likeliest.
            #expect(
                logprobs.allSatisfy { $0[path: "token"] == $0[path: "top_logprobs", "0", "token"] }
            )

            let events = try await server.send(
                "/v1/chat/completions",
                #"{\#(fields),"stream":true}"#
            ).events
            #expect(events.first?[path: "choices", "0", "delta", "role"].string == "assistant")
            let text = events.map { $0[path: "choices", "0", "delta", "content"].string ?? "" }
                .joined()
            #expect(text == message[path: "content"].string)
            #expect(events.last?[path: "choices", "0", "finish_reason"].string != nil)
        }
    }

    @Test("echo scores the prompt: one entry a token and one more, the first null, the top present")
    func echo() async throws {
        try await RunningServer.with { server in
            let ids = server.model.tokenizer.encode(
                "The sun rises in the east. " + "ab ab ab ab ab"
            )
            let body =
                #"{"prompt":[\#(ids)],"temperature":0,"max_tokens":1,"logprobs":1,"#
                + #""seed":1234,"echo":true}"#
            let reply = try await server.send("/v1/completions", body)
            #expect(reply.status == 200, "\(reply.body)")
            let logprobs = reply.json[path: "choices", "0", "logprobs"]
            let values = try #require(logprobs[path: "token_logprobs"].array)
            let tops = try #require(logprobs[path: "top_logprobs"].array)
            #expect(values.count == ids.count + 1)
            #expect(tops.count == ids.count + 1)
            #expect(logprobs[path: "tokens"].array?.count == ids.count + 1)
            #expect(values[0] == .null && tops[0] == .null)
            for (value, top) in zip(values, tops).dropFirst() {
                let own = try #require(value.double)
                let best = try #require(top.object?.compactMap(\.value.double).max())
                #expect(own <= best && best <= 0)
            }
            // A prefix has the same likelihoods: they depend on nothing that comes after.
            let shorter = try await server.send(
                "/v1/completions",
                body.replacing("\(ids)", with: "\(Array(ids.prefix(9)))")
            )
            let prefix =
                shorter.json[path: "choices", "0", "logprobs", "token_logprobs"].array ?? []
            #expect(Array(prefix.prefix(9)) == Array(values.prefix(9)))
        }
    }

    @Test("n answers and several prompts keep their order; seeds repeat")
    func choices() async throws {
        try await RunningServer.with { server in
            let body = #"{"prompt":["one","two"],"n":2,"seed":7,"max_tokens":6,"temperature":1}"#
            let first = try await server.send("/v1/completions", body)
            let second = try await server.send("/v1/completions", body)
            let choices = first.json[path: "choices"].array ?? []
            #expect(choices.map { $0[path: "index"].integer } == [0, 1, 2, 3])
            #expect(choices == second.json[path: "choices"].array)
            #expect(Set(choices.map { $0[path: "text"].string }).count > 1)
        }
    }

    @Test(
        "with a mask of its own an answer has the same bytes whatever runs beside it",
        arguments: Prober.allCases
    )
    func sequenceScope(method: Prober) async throws {
        var configuration = RunningServer.configuration
        configuration.method = method.rawValue
        try await RunningServer.with(configuration) { server in
            let body =
                #"{"prompt":"Once upon a time there was","temperature":0,"max_tokens":40,"#
                + #""ignore_eos":true,"pruning":{"ratio":0.4,"mask_scope":"sequence"}}"#
            let alone = try await server.send("/v1/completions", body)
            #expect(alone.json[path: "usage", "pruning", "method"].string == method.rawValue)
            #expect(alone.json[path: "usage", "pruning", "ratio"].double == 0.4)
            let share = try #require(
                alone.json[path: "usage", "pruning", "realised_flops_ratio"].double
            )
            #expect(share < 1)
            let texts = try await withThrowingTaskGroup(of: String?.self) { group -> [String] in
                for index in 0..<24 {
                    group.addTask {
                        let other =
                            #"{"prompt":"noise \#(index)","max_tokens":\#(5 + index),"#
                            + #""pruning":{"ratio":\#(index.isMultiple(of: 3) ? 0.2 : 0.4)}}"#
                        let isProbe = index.isMultiple(of: 4)
                        let reply = try await server.send(
                            "/v1/completions",
                            isProbe ? body : other
                        )
                        #expect(reply.status == 200, "\(reply.body)")
                        return isProbe ? reply.json[path: "choices", "0", "text"].string : nil
                    }
                }
                return try await group.reduce(into: [String]()) { texts, text in
                    if let text { texts.append(text) }
                }
            }
            let expected = try #require(alone.json[path: "choices", "0", "text"].string)
            #expect(texts == [String](repeating: expected, count: 6))
            try await server.waitUntilIdle()
        }
    }

    @Test("the header asks for a ratio, and the cap cuts it")
    func ratioHeader() async throws {
        var configuration = RunningServer.configuration
        configuration.maxPruneRatio = 0.3
        try await RunningServer.with(configuration) { server in
            for (asked, used) in [("0.2", 0.2), ("0.9", 0.3)] {
                let reply = try await server.send(
                    "/v1/completions",
                    #"{"prompt":"abc","max_tokens":2}"#,
                    headers: ["X-Pruning-Ratio": asked]
                )
                #expect(reply.json[path: "usage", "pruning", "ratio"].double == used)
            }
        }
    }

    @Test("tokenize and detokenize are inverse, and special tokens stand where they are asked for")
    func tokens() async throws {
        try await RunningServer.with { server in
            let info = try await server.send("/tokenizer_info").json
            #expect(info[path: "eos_token"].string == "</s>")
            #expect(info[path: "vocabulary_size"].integer == 259)
            let bare = try await server.send(
                "/tokenize",
                #"{"prompt":"héllo</s>","add_special_tokens":false,"parse_special":false}"#
            )
            let listed = try #require(bare.json[path: "tokens"].array)
            let tokens = listed.compactMap(\.integer)
            #expect(tokens.count == 10)
            #expect(bare.json[path: "count"].integer == 10)
            let parsed = try await server.send(
                "/tokenize",
                #"{"prompt":"héllo</s>","add_special_tokens":false}"#
            )
            #expect(
                parsed.json[path: "tokens"].array?.compactMap(\.integer)
                    == Array(tokens.prefix(6)) + [2]
            )
            let text = try await server.send("/detokenize", #"{"tokens":\#(tokens)}"#)
            #expect(text.json[path: "prompt"].string == "héllo</s>")
        }
    }

    @Test("a stop string ends the answer and never leaks, streamed or not")
    func stopStrings() async throws {
        try await RunningServer.with { server in
            let fields = #""prompt":"Hello","temperature":0,"max_tokens":60,"ignore_eos":true"#
            let free = try await server.send("/v1/completions", "{\(fields)}")
            let text = try #require(free.json[path: "choices", "0", "text"].string)
            let scalars = Array(text)
            let stop = String(scalars[20...22])
            let cut = String(text[..<(try #require(text.firstRange(of: stop)).lowerBound)])
            let quoted = String(decoding: JSONValue.string(stop).encoded, as: UTF8.self)
            let stopped = try await server.send(
                "/v1/completions",
                #"{\#(fields),"stop":\#(quoted)}"#
            )
            #expect(stopped.json[path: "choices", "0", "text"].string == cut)
            #expect(stopped.json[path: "choices", "0", "finish_reason"].string == "stop")
            let events = try await server.send(
                "/v1/completions",
                #"{\#(fields),"stop":[\#(quoted)],"stream":true}"#
            ).events
            #expect(events.map { $0[path: "choices", "0", "text"].string ?? "" }.joined() == cut)
        }
    }
}

/// Text as an answer has it: what follows a prompt.
private struct TokenText {
    let model: LoadedModel

    init(_ model: LoadedModel) {
        self.model = model
    }

    mutating func text(of tokens: [Int32]) -> String {
        var decoder = TokenDecoder(tokenizer: model.tokenizer, continuesText: true)
        return tokens.map { decoder.append($0) }.joined() + decoder.finish()
    }
}
