import JSONText

/// What `tokenizer_config.json` adds to `tokenizer.json`.
public struct TokenizerConfig: Sendable, Equatable {
    /// Whether a text begins with `bosToken`; `nil`: as `tokenizer.json` says.
    public var addsBOS: Bool?

    /// Whether a text ends with `eosToken`; `nil`: as `tokenizer.json` says.
    public var addsEOS: Bool?

    /// The text of the token that begins a text.
    public var bosToken: String?

    /// The text of the token that ends a text.
    public var eosToken: String?

    /// The text of the token that fills batches.
    public var padToken: String?

    /// The source of the chat template; of several the one named `default`.
    public var chatTemplate: String?

    /// Says nothing.
    public init() {}

    /// Reads a file.
    ///
    /// - Parameter json: The bytes of `tokenizer_config.json`.
    /// - Throws: `TokenizerError` when they are not JSON, or a value is of the wrong kind.
    public init(json: [UInt8]) throws(TokenizerError) {
        let root = try JSONNode(text: json)
        guard case .object = root.value else {
            throw .invalidValue(path: "configuration", expected: "an object")
        }
        addsBOS = try root["add_bos_token"].bool()
        addsEOS = try root["add_eos_token"].bool()
        bosToken = try Self.token(root["bos_token"])
        eosToken = try Self.token(root["eos_token"])
        padToken = try Self.token(root["pad_token"])
        chatTemplate = try Self.template(root["chat_template"])
    }

    /// A token is written as its text, or as an object that has it.
    private static func token(_ node: JSONNode) throws(TokenizerError) -> String? {
        if node.isNull { return nil }
        if let text = node.string { return text }
        guard let text = node["content"].string else { throw node.invalid("a token") }
        return text
    }

    private static func template(_ node: JSONNode) throws(TokenizerError) -> String? {
        if node.isNull { return nil }
        if let source = node.string { return source }
        for named in try node.requireArray() where named["name"].string == "default" {
            return try named["template"].requireString()
        }
        return nil
    }
}
