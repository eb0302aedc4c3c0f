/// The body of a request to `/v1/completions`; what is nil is not sent.
struct CompletionBody: Encodable {
    struct StreamOptions: Encodable {
        let includeUsage = true

        enum CodingKeys: String, CodingKey { case includeUsage = "include_usage" }
    }

    struct Pruning: Encodable {
        let ratio: Double
    }

    let model: String
    let prompt: String
    let maxTokens: Int
    let temperature: Double
    let stream = true
    let streamOptions = StreamOptions()
    let ignoresEndOfText: Bool?
    let pruning: Pruning?

    enum CodingKeys: String, CodingKey {
        case model
        case prompt
        case maxTokens = "max_tokens"
        case temperature
        case stream
        case streamOptions = "stream_options"
        case ignoresEndOfText = "ignore_eos"
        case pruning
    }
}
