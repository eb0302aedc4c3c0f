import JSONText
import ProbeScheduler
import Runtime
import Tokenizers

/// Reads the bodies of `/v1/completions` and `/v1/chat/completions`.
struct CallReader: Sendable {
    /// Prompts of one request.
    private static let promptLimit = 256
    /// Messages of one conversation.
    private static let messageLimit = 1_024
    /// `max_tokens` of a completion that gives none, as in OpenAI's API.
    private static let completionTokens = 16
    /// Most likely tokens that may be listed.
    private static let topLogprobLimit = 20

    let model: LoadedModel
    let chatTemplate: ChatTemplate?
    let configuration: ServerConfiguration

    /// A completion.
    ///
    /// - Throws: `APIError` that names the field.
    func completion(_ fields: FieldReader, ratioHeader: String?) throws(APIError) -> GenerationCall
    {
        try checkModel(fields)
        for unsupported in ["suffix"] where fields.value(unsupported) != nil {
            throw .invalid(unsupported, "is not supported")
        }
        let sampling = try SamplingFields(fields, vocabularySize: model.network.vocabularySize)
        let echo = try fields.bool("echo") ?? false
        let logprobCount = try fields.integer("logprobs", in: 0...Self.topLogprobLimit)
        let maxTokens = try fields.integer("max_tokens", in: 0...Int(Int32.max))
        if maxTokens == 0, !echo { throw .invalid("max_tokens", "expected at least 1") }
        let prompts = try self.prompts(fields)
        return try call(
            fields,
            kind: .completion,
            prompts: prompts,
            sampling: sampling,
            maxTokens: maxTokens ?? Self.completionTokens,
            logprobs: logprobCount.map { LogprobOptions(topCount: $0, scoresPrompt: echo) },
            echo: echo,
            ratioHeader: ratioHeader
        )
    }

    /// A turn of a conversation.
    ///
    /// - Throws: `APIError` that names the field.
    func chat(_ fields: FieldReader, ratioHeader: String?) throws(APIError) -> GenerationCall {
        try checkModel(fields)
        for unsupported in ["tools", "functions"] {
            if let value = fields.value(unsupported), value != .array([]) {
                throw .invalid(unsupported, "is not supported")
            }
        }
        if let format = try fields.object("response_format"),
            let type = try format.string("type"), type != "text"
        {
            throw .invalid("response_format.type", "only 'text' is supported")
        }
        let sampling = try SamplingFields(fields, vocabularySize: model.network.vocabularySize)
        let wantsLogprobs = try fields.bool("logprobs") ?? false
        let topCount = try fields.integer("top_logprobs", in: 0...Self.topLogprobLimit)
        if topCount != nil, !wantsLogprobs {
            throw .invalid("top_logprobs", "needs 'logprobs': true")
        }
        let range = 1...Int(Int32.max)
        var maxTokens = try fields.integer("max_tokens", in: range)
        if let newer = try fields.integer("max_completion_tokens", in: range) { maxTokens = newer }
        guard let chatTemplate else {
            throw .invalid("messages", "the model has no chat template; use /v1/completions")
        }
        let messages = try self.messages(fields)
        try checkBytes(messages.reduce(0) { $0 + $1.content.utf8.count }, name: "messages")
        let tokens: [Int32]
        do { tokens = try model.tokens(of: messages, chat: chatTemplate) } catch {
            throw .invalid("messages", "\(error)")
        }
        try checkLength(tokens, name: "messages")
        return try call(
            fields,
            kind: .chat,
            prompts: [tokens],
            sampling: sampling,
            maxTokens: maxTokens ?? configuration.maxModelLength,
            logprobs: wantsLogprobs ? LogprobOptions(topCount: topCount ?? 0) : nil,
            echo: false,
            ratioHeader: ratioHeader
        )
    }

    // MARK: - Parts

    private func call(
        _ fields: FieldReader,
        kind: GenerationCall.Kind,
        prompts: [[Int32]],
        sampling: SamplingFields,
        maxTokens: Int,
        logprobs: LogprobOptions?,
        echo: Bool,
        ratioHeader: String?
    ) throws(APIError) -> GenerationCall {
        let choiceCount = try fields.integer("n", in: 1...configuration.maxChoices) ?? 1
        let best = try fields.integer("best_of", in: 1...configuration.maxChoices)
        if let best, best != choiceCount {
            throw .invalid("best_of", "only the value of 'n' is supported")
        }
        guard prompts.count * choiceCount <= configuration.maxWaitingRequests else {
            throw .invalid(
                "n",
                "\(prompts.count * choiceCount) choices in all; "
                    + "the queue holds \(configuration.maxWaitingRequests)"
            )
        }
        let stream = try fields.bool("stream") ?? false
        let options = try fields.object("stream_options")
        if options != nil, !stream { throw .invalid("stream_options", "needs 'stream': true") }
        var parameters = sampling.parameters
        parameters.maxTokens = min(maxTokens, configuration.maxModelLength)
        return GenerationCall(
            kind: kind,
            prompts: prompts,
            choiceCount: choiceCount,
            sampling: parameters,
            maskClass: maskClass(
                try PruningFields(fields, header: ratioHeader),
                isExact: sampling.isSeeded || logprobs?.scoresPrompt == true
            ),
            // In vLLM's API the smaller number goes first.
            priority: -(try fields.integer("priority", in: -100...100) ?? 0),
            logprobs: logprobs,
            echo: echo,
            stream: stream,
            includesUsage: try options?.bool("include_usage") ?? false
        )
    }

    /// Seeded requests and scored prompts have masks of their own, unless told otherwise.
    private func maskClass(_ fields: PruningFields, isExact: Bool) -> MaskClass {
        MaskClass(
            ratio: min(fields.ratio ?? configuration.pruneRatio, configuration.maxPruneRatio),
            scope: fields.scope ?? (isExact ? .sequence : configuration.maskScope)
        )
    }

    private func checkModel(_ fields: FieldReader) throws(APIError) {
        guard let name = try fields.string("model") else { return }
        guard name == configuration.servedModelName else {
            throw .unknownModel(String(name.prefix(200)), served: configuration.servedModelName)
        }
    }

    // MARK: - Prompts

    private func prompts(_ fields: FieldReader) throws(APIError) -> [[Int32]] {
        let expected = "expected a string, a list of strings, token ids, or a list of those"
        switch fields.value("prompt") {
        case nil: throw .invalid("prompt", "is missing; \(expected)")
        case .string(let text): return [try tokens(of: text)]
        case .array(let elements):
            guard let first = elements.first else { throw .invalid("prompt", "is empty") }
            if case .integer = first { return [try tokens(elements, name: "prompt")] }
            guard elements.count <= Self.promptLimit else {
                throw .invalid("prompt", "at most \(Self.promptLimit) prompts a request")
            }
            var prompts: [[Int32]] = []
            for (index, element) in elements.enumerated() {
                switch element {
                case .string(let text): prompts.append(try tokens(of: text))
                case .array(let ids): prompts.append(try tokens(ids, name: "prompt[\(index)]"))
                default: throw .invalid("prompt[\(index)]", "\(expected), found \(element.kind)")
                }
            }
            return prompts
        case let value?: throw .invalid("prompt", "\(expected), found \(value.kind)")
        }
    }

    private func tokens(of text: String) throws(APIError) -> [Int32] {
        try checkBytes(text.utf8.count, name: "prompt")
        let tokens = model.tokenizer.encode(text)
        try checkLength(tokens, name: "prompt")
        return tokens
    }

    private func tokens(_ elements: [JSONValue], name: String) throws(APIError) -> [Int32] {
        let limit = model.network.vocabularySize
        var tokens: [Int32] = []
        for element in elements {
            guard case .integer(let id) = element, id >= 0, id < limit else {
                throw .invalid(name, "expected token ids of 0...\(limit - 1)")
            }
            tokens.append(Int32(id))
        }
        try checkLength(tokens, name: name)
        return tokens
    }

    /// Refuses what cannot fit before it is tokenized: no token has more bytes than the longest one.
    private func checkBytes(_ count: Int, name: String) throws(APIError) {
        let limit = configuration.maxModelLength * configuration.longestTokenByteCount
        guard count <= limit else {
            throw tooLong(name, "\(count) bytes; no more than \(limit) can fit")
        }
    }

    private func checkLength(_ tokens: [Int32], name: String) throws(APIError) {
        guard !tokens.isEmpty else { throw .invalid(name, "is empty") }
        guard tokens.count < configuration.maxModelLength else {
            throw tooLong(
                name,
                "\(tokens.count) tokens; the context of \(configuration.maxModelLength) "
                    + "must hold them and one more"
            )
        }
    }

    private func tooLong(_ name: String, _ message: String) -> APIError {
        APIError(400, "\(name): \(message)", param: name, code: "context_length_exceeded")
    }

    private func messages(_ fields: FieldReader) throws(APIError) -> [ChatMessage] {
        guard case .array(let elements)? = fields.value("messages"), !elements.isEmpty else {
            throw .invalid("messages", "expected a list of messages, at least one")
        }
        guard elements.count <= Self.messageLimit else {
            throw .invalid("messages", "at most \(Self.messageLimit) messages")
        }
        var messages: [ChatMessage] = []
        for (index, element) in elements.enumerated() {
            let name = "messages[\(index)]"
            guard let members = element.object else {
                throw .invalid(name, "expected an object, found \(element.kind)")
            }
            let message = FieldReader(members: members, prefix: name + ".")
            guard let role = try message.string("role"), !role.isEmpty else {
                throw .invalid(name + ".role", "is missing")
            }
            messages.append(ChatMessage(role: role, content: try content(message)))
        }
        return messages
    }

    /// A text, or a list of parts that are all text.
    private func content(_ message: FieldReader) throws(APIError) -> String {
        let name = message.name("content")
        guard case .array(let parts)? = message.value("content") else {
            guard let text = try message.string("content") else {
                throw .invalid(name, "is missing")
            }
            return text
        }
        var text = ""
        for (index, part) in parts.enumerated() {
            let reader = FieldReader(members: part.object ?? [], prefix: "\(name)[\(index)].")
            guard try reader.string("type") == "text", let piece = try reader.string("text") else {
                throw .invalid("\(name)[\(index)]", "only parts of type 'text' are supported")
            }
            text += piece
        }
        return text
    }
}
