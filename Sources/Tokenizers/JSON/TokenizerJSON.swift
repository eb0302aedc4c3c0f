import JSONText

extension Tokenizer {
    /// Reads a tokenizer in the format of Hugging Face's tokenizers.
    ///
    /// - Parameters:
    ///   - tokenizerJSON: The bytes of `tokenizer.json`.
    ///   - config: What `tokenizer_config.json` says.
    /// - Throws: `TokenizerError` when the file is damaged or contradicts itself, or one of its
    ///   parts is of a kind that is not supported.
    /// - Complexity: O(*n*) in the size of the file.
    public init(
        tokenizerJSON: [UInt8],
        config: TokenizerConfig = TokenizerConfig()
    ) throws(TokenizerError) {
        let root = try JSONNode(text: tokenizerJSON)
        self.init(try TokenizerJSON(root: root, config: config).parts())
    }
}

/// The sections of `tokenizer.json`, each read in a file of its own.
struct TokenizerJSON {
    let root: JSONNode
    let config: TokenizerConfig

    /// Ids above are refused, so that a damaged one cannot ask for all memory.
    static let idLimit = 1 << 22

    /// Everything the file describes.
    func parts() throws(TokenizerError) -> TokenizerParts {
        guard case .object = root.value else {
            throw .invalidValue(path: "file", expected: "an object")
        }
        try requireBytePairModel()
        let preTokenizer = try readPreTokenizer()
        var tokens = try vocabulary()
        let model = try model(tokens, isByteLevel: preTokenizer.isByteLevel)
        let addedTokens = try addedTokens()
        for token in addedTokens { Self.place(token.content, at: Int(token.id), in: &tokens) }
        guard !tokens.isEmpty else { throw .emptyVocabulary }

        var parts = TokenizerParts(
            tokens: tokens,
            addedTokens: addedTokens,
            normalizer: try normalizer(),
            preTokenizer: preTokenizer.steps,
            model: model,
            spelling: try spelling()
        )
        let (prefix, suffix) = try template(vocabularySize: tokens.count)
        try name(&parts, prefix: prefix, suffix: suffix)
        return parts
    }

    /// The tokens by id, without the added ones.
    private func vocabulary() throws(TokenizerError) -> [String] {
        let node = root["model"]["vocab"]
        guard case .object(let members) = node.value else { throw node.invalid("an object") }
        var tokens: [String] = []
        tokens.reserveCapacity(members.count)
        for member in members {
            guard case .integer(let id) = member.value, (0...Self.idLimit).contains(id) else {
                let path = "\(node.path)[\(member.key.debugDescription)]"
                throw .invalidValue(path: path, expected: "an integer in 0...\(Self.idLimit)")
            }
            Self.place(member.key, at: id, in: &tokens)
        }
        return tokens
    }

    private static func place(_ token: String, at id: Int, in tokens: inout [String]) {
        while tokens.count <= id { tokens.append("") }
        tokens[id] = token
    }

    private func addedTokens() throws(TokenizerError) -> [AddedToken] {
        var tokens: [AddedToken] = []
        for node in try root["added_tokens"].array() {
            let isSpecial = try node["special"].bool() ?? false
            tokens.append(
                AddedToken(
                    id: Int32(try node["id"].requireInteger(in: 0...Self.idLimit)),
                    content: try node["content"].requireString(),
                    isControl: isSpecial,
                    stripsLeft: try node["lstrip"].bool() ?? false,
                    stripsRight: try node["rstrip"].bool() ?? false,
                    isSingleWord: try node["single_word"].bool() ?? false,
                    isNormalized: try node["normalized"].bool() ?? !isSpecial
                )
            )
        }
        return tokens
    }

    /// Names the tokens that begin and end texts, and decides whether they are added.
    private func name(
        _ parts: inout TokenizerParts,
        prefix: [Int32],
        suffix: [Int32]
    ) throws(TokenizerError) {
        let tokens = parts.tokens
        func id(_ name: String, _ text: String?) throws(TokenizerError) -> Int32? {
            guard let text else { return nil }
            let added = parts.addedTokens.first { $0.content.utf8.elementsEqual(text.utf8) }?.id
            let id =
                added ?? tokens.firstIndex { $0.utf8.elementsEqual(text.utf8) }.map { Int32($0) }
            guard let id else {
                throw .invalidValue(path: name, expected: "a token of the vocabulary")
            }
            return id
        }
        parts.bosToken =
            try id("bos_token", config.bosToken) ?? (prefix.count == 1 ? prefix[0] : nil)
        parts.eosToken =
            try id("eos_token", config.eosToken) ?? (suffix.count == 1 ? suffix[0] : nil)
        parts.padToken = try id("pad_token", config.padToken)
        parts.prefix = prefix.isEmpty ? [parts.bosToken].compactMap { $0 } : prefix
        parts.suffix = suffix.isEmpty ? [parts.eosToken].compactMap { $0 } : suffix
        parts.addsPrefix = config.addsBOS ?? !prefix.isEmpty
        parts.addsSuffix = config.addsEOS ?? !suffix.isEmpty
    }
}

extension JSONNode {
    /// The `type` of a part.
    func type(among supported: [String]) throws(TokenizerError) -> String {
        let type = try self["type"].requireString()
        guard supported.contains(type) else {
            throw .unsupportedPart(part: path, type: type, supported: supported)
        }
        return type
    }

    /// The error of a setting that no supported tokenizer has.
    func unsupported(_ supported: [String]) -> TokenizerError {
        let found =
            switch value {
            case .string(let text): text
            case .bool(let bool): "\(bool)"
            case .integer(let integer): "\(integer)"
            case .number(let number): "\(number)"
            case .object: "an object"
            case .array: "an array"
            case .null, nil: "null"
            }
        return .unsupportedPart(part: path, type: found, supported: supported)
    }

    /// Refuses replacements that together could make a text more than a thousand times longer.
    ///
    /// - Parameter sizes: The bytes that each step takes away, and puts in their place.
    /// - Throws: `TokenizerError` when they could.
    func limitGrowth(_ sizes: [(taken: Int, put: Int)]) throws(TokenizerError) {
        var growth = 1
        for size in sizes where size.put > size.taken {
            growth *= min((size.put + size.taken - 1) / size.taken, 1025)
            guard growth <= 1024 else {
                throw invalid("free of replacements that grow a text a thousandfold")
            }
        }
    }

    /// The text of a pattern, which is not empty and not a regular expression.
    func literalPattern() throws(TokenizerError) -> String {
        if let expression = self["Regex"].string {
            throw .unsupportedPart(part: "\(path).Regex", type: expression, supported: ["String"])
        }
        let text = try self["String"].requireString()
        guard (1...256).contains(text.utf8.count) else { throw invalid("1 to 256 bytes of text") }
        return text
    }
}
