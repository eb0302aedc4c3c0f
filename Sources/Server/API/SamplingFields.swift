import JSONText
import ProbeScheduler

/// The fields of a request that say how tokens are drawn.
struct SamplingFields {
    /// Stop strings of one request.
    private static let stopLimit = 16
    /// Bytes of one stop string.
    private static let stopByteLimit = 1_024
    /// Entries of `logit_bias`.
    private static let biasLimit = 1_024

    /// The parameters, `maxTokens` aside.
    let parameters: SamplingParameters
    /// Whether the request brings a seed.
    var isSeeded: Bool { parameters.seed != nil }

    /// - Throws: `APIError` 400 that names the field.
    init(_ fields: FieldReader, vocabularySize: Int) throws(APIError) {
        var parameters = SamplingParameters()
        let temperature = try fields.number("temperature", in: 0...2) ?? 1
        parameters.temperature = Float(temperature)
        parameters.topP = Float(try fields.number("top_p", in: 0...1) ?? 1)
        // −1 is vLLM's word for all.
        parameters.topK = max(0, try fields.integer("top_k", in: -1...Int(Int32.max)) ?? 0)
        parameters.minP = Float(try fields.number("min_p", in: 0...1) ?? 0)
        parameters.presencePenalty = Float(try fields.number("presence_penalty", in: -2...2) ?? 0)
        parameters.frequencyPenalty = Float(
            try fields.number("frequency_penalty", in: -2...2) ?? 0
        )
        parameters.repetitionPenalty = Float(
            try fields.number("repetition_penalty", in: 0.01...100) ?? 1
        )
        parameters.seed = try fields.integer("seed", in: Int.min...Int.max)
            .map { UInt64(bitPattern: Int64($0)) }
        parameters.ignoresEndOfText = try fields.bool("ignore_eos") ?? false
        parameters.stop = try Self.stop(fields)
        parameters.logitBias = try Self.bias(fields, vocabularySize: vocabularySize)
        self.parameters = parameters
    }

    private static func stop(_ fields: FieldReader) throws(APIError) -> [String] {
        let name = fields.name("stop")
        var strings: [String] = []
        switch fields.value("stop") {
        case nil: return []
        case .string(let text): strings = [text]
        case .array(let elements):
            guard elements.count <= stopLimit else {
                throw .invalid(name, "at most \(stopLimit) strings, found \(elements.count)")
            }
            for element in elements {
                guard case .string(let text) = element else {
                    throw .invalid(name, "expected strings, found \(element.kind)")
                }
                strings.append(text)
            }
        case let value?:
            throw .invalid(name, "expected a string or a list of strings, found \(value.kind)")
        }
        guard strings.allSatisfy({ $0.utf8.count <= stopByteLimit }) else {
            throw .invalid(name, "at most \(stopByteLimit) bytes a string")
        }
        return strings.filter { !$0.isEmpty }
    }

    private static func bias(
        _ fields: FieldReader,
        vocabularySize: Int
    ) throws(APIError) -> [Int32: Float] {
        guard let members = try fields.object("logit_bias") else { return [:] }
        guard members.names.count <= biasLimit else {
            throw .invalid(fields.name("logit_bias"), "at most \(biasLimit) tokens")
        }
        var bias: [Int32: Float] = [:]
        for name in members.names {
            guard let token = Int32(name), token >= 0, token < vocabularySize else {
                throw .invalid(
                    fields.name("logit_bias"),
                    "'\(name.prefix(40))' is not a token id of 0...\(vocabularySize - 1)"
                )
            }
            guard let value = try members.number(name, in: -100...100) else { continue }
            bias[token] = Float(value)
        }
        return bias
    }
}
