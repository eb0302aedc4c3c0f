import JSONText
import Runtime
import Tokenizers

/// Writes log-probabilities in the two ways of OpenAI's API.
struct LogprobFormat {
    let tokenizer: Tokenizer

    /// The lists of `/v1/completions`.
    ///
    /// - Parameters:
    ///   - prompt: Tokens of the prompt.
    ///   - promptLogprobs: One for each of them, the first nil; empty when not asked for.
    ///   - logprobs: Of the answer's tokens.
    /// - Returns: The object `logprobs` of a choice.
    func completion(
        prompt: [Int32],
        promptLogprobs: [TokenLogprob?],
        logprobs: [TokenLogprob]
    ) -> JSONValue {
        let entries =
            zip(prompt, promptLogprobs).map { (token: $0, known: $1) }
            + logprobs.map { (token: $0.chosen.token, known: Optional($0)) }
        var offset = 0
        var offsets: [JSONValue] = []
        for (token, _) in entries {
            offsets.append(.integer(offset))
            offset += text(token).unicodeScalars.count
        }
        return .object([
            "tokens": .array(entries.map { .string(text($0.token)) }),
            "token_logprobs": .array(
                entries.map { $0.known.map { .finite(Double($0.chosen.logprob)) } ?? .null }
            ),
            "top_logprobs": .array(entries.map { $0.known.map(top) ?? .null }),
            "text_offset": .array(offsets),
        ])
    }

    /// The list of `/v1/chat/completions`.
    func chat(_ logprobs: [TokenLogprob]) -> JSONValue {
        let content: [JSONValue] = logprobs.map { logprob in
            var members = entry(logprob.chosen)
            members["top_logprobs"] = .array(logprob.top.map { .object(entry($0)) })
            return .object(members)
        }
        return .object(["content": .array(content), "refusal": .null])
    }

    /// The most likely tokens by their text, the chosen one always among them.
    private func top(_ logprob: TokenLogprob) -> JSONValue {
        var members: [String: JSONValue] = [:]
        for entry in logprob.top + [logprob.chosen] {
            members[text(entry.token)] = .finite(Double(entry.logprob))
        }
        return .object(members)
    }

    private func entry(_ entry: TokenLogprob.Entry) -> [String: JSONValue] {
        [
            "token": .string(text(entry.token)),
            "logprob": .finite(Double(entry.logprob)),
            "bytes": .array(tokenizer.token(entry.token).map { .integer(Int($0)) }),
        ]
    }

    /// A token's text; one that is a part of a character shows its bytes, as in OpenAI's API.
    func text(_ token: Int32) -> String {
        let bytes = tokenizer.token(token)
        if let text = String(validating: bytes, as: UTF8.self) { return text }
        return "bytes:"
            + bytes.map { byte in
                let digits = String(byte, radix: 16)
                return "\\x" + (digits.count < 2 ? "0" : "") + digits
            }.joined()
    }
}
