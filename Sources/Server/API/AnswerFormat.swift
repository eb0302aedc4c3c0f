import Foundation
import JSONText
import ProbeScheduler
import Runtime
import Tokenizers

/// Writes answers in OpenAI's words.
struct AnswerFormat: Sendable {
    let call: GenerationCall
    let tokenizer: Tokenizer
    /// The answer's name, such as `cmpl-…`.
    let id: String
    let modelName: String
    let method: String
    /// Seconds since 1970.
    let created: Int

    init(call: GenerationCall, tokenizer: Tokenizer, modelName: String, method: String) {
        self.call = call
        self.tokenizer = tokenizer
        self.modelName = modelName
        self.method = method
        let name = UUID().uuidString.replacing("-", with: "").lowercased()
        id = (call.kind == .chat ? "chatcmpl-" : "cmpl-") + name
        created = Int(Date().timeIntervalSince1970)
    }

    /// The text that stands before a choice's answer: its prompt, when it is echoed.
    func echo(choice: Int) -> String {
        call.echo ? tokenizer.decode(call.prompts[choice / call.choiceCount]) : ""
    }

    // MARK: - Whole answers

    /// The body of an answer that is not streamed.
    func answer(_ choices: [OutputDelta]) -> JSONValue {
        let isChat = call.kind == .chat
        return envelope(
            object: isChat ? "chat.completion" : "text_completion",
            choices: choices.enumerated().map { index, choice in
                var members = common(index, choice)
                if isChat {
                    members["message"] = .object([
                        "role": .string("assistant"), "content": .string(choice.text),
                        "refusal": .null,
                    ])
                } else {
                    members["text"] = .string(echo(choice: index) + choice.text)
                }
                return .object(members)
            },
            usage: usage(choices)
        )
    }

    // MARK: - Chunks

    /// The first chunk of a choice: the role of a chat, the echoed prompt of a completion.
    func opening(choice: Int) -> JSONValue? {
        if call.kind == .chat {
            return chunk(
                choice,
                OutputDelta(),
                ["delta": .object(["role": .string("assistant"), "content": .string("")])]
            )
        }
        let prompt = echo(choice: choice)
        return prompt.isEmpty ? nil : chunk(choice, OutputDelta(), ["text": .string(prompt)])
    }

    /// New text of a choice, or its end.
    func chunk(_ choice: Int, _ delta: OutputDelta) -> JSONValue {
        guard call.kind == .chat else { return chunk(choice, delta, ["text": .string(delta.text)]) }
        let content: [String: JSONValue] =
            delta.text.isEmpty && delta.finishReason != nil ? [:] : ["content": .string(delta.text)]
        return chunk(choice, delta, ["delta": .object(content)])
    }

    /// The chunk of usage, which has no choices.
    func usageChunk(_ choices: [OutputDelta]) -> JSONValue {
        envelope(object: chunkObject, choices: [], usage: usage(choices))
    }

    private var chunkObject: String {
        call.kind == .chat ? "chat.completion.chunk" : "text_completion"
    }

    private func chunk(
        _ choice: Int,
        _ delta: OutputDelta,
        _ members: [String: JSONValue]
    ) -> JSONValue {
        envelope(
            object: chunkObject,
            choices: [.object(common(choice, delta).merging(members) { $1 })],
            usage: nil
        )
    }

    // MARK: - Parts

    private func envelope(object: String, choices: [JSONValue], usage: JSONValue?) -> JSONValue {
        var members: [String: JSONValue] = [
            "id": .string(id), "object": .string(object), "created": .integer(created),
            "model": .string(modelName), "choices": .array(choices),
        ]
        if let usage {
            members["usage"] = usage
        } else if call.includesUsage {
            members["usage"] = .null
        }
        return .object(members)
    }

    private func common(_ index: Int, _ delta: OutputDelta) -> [String: JSONValue] {
        [
            "index": .integer(index),
            "finish_reason": delta.finishReason.map { .string($0.rawValue) } ?? .null,
            "logprobs": logprobs(index, delta) ?? .null,
        ]
    }

    private func logprobs(_ index: Int, _ delta: OutputDelta) -> JSONValue? {
        guard call.logprobs != nil else { return nil }
        let format = LogprobFormat(tokenizer: tokenizer)
        guard call.kind == .completion else {
            return delta.logprobs.isEmpty ? nil : format.chat(delta.logprobs)
        }
        guard !delta.logprobs.isEmpty || !delta.promptLogprobs.isEmpty else { return nil }
        return format.completion(
            prompt: call.prompts[index / call.choiceCount],
            promptLogprobs: delta.promptLogprobs,
            logprobs: delta.logprobs
        )
    }

    /// Tokens, and what pruning really did.
    private func usage(_ choices: [OutputDelta]) -> JSONValue {
        let prompt = call.promptTokenCount
        let generated = choices.reduce(0) { $0 + $1.sampledCount }
        var work = RequestWork()
        for choice in choices { work.add(choice.work ?? RequestWork()) }
        let isPruned = call.maskClass != .dense && method != "dense"
        return .object([
            "prompt_tokens": .integer(prompt),
            "completion_tokens": .integer(generated),
            "total_tokens": .integer(prompt + generated),
            "pruning": .object([
                "method": .string(isPruned ? method : "dense"),
                "ratio": .finite(isPruned ? call.maskClass.ratio : 0),
                "mask_scope": .string(call.maskClass.scope.rawValue),
                "realised_flops_ratio": .finite(work.realisedRatio),
                "probe_ms": .finite(1_000 * work.probeDuration.seconds),
            ]),
        ])
    }
}
