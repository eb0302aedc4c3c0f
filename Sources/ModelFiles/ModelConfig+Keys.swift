/// Reads the metadata keys of one architecture and checks their ranges.
struct ConfigKeys {
    let gguf: GGUF

    /// The architecture, which most keys start with.
    let prefix: String

    private func key(_ name: String) -> String { "\(prefix).\(name)" }

    private func bad(_ key: String, expected: String, found: String) -> ModelFileError {
        .badMetadata(path: gguf.path, key: key, expected: expected, found: found)
    }

    /// An integer in `1...limit`.
    func size(
        _ name: String,
        upTo limit: Int,
        default standard: Int? = nil
    ) throws(ModelFileError) -> Int {
        let found = try gguf.valueIfPresent(key(name), as: .integer) ?? standard
        guard let found else {
            throw .missingMetadata(path: gguf.path, key: key(name), expected: "integer")
        }
        guard found >= 1, found <= limit else {
            throw bad(key(name), expected: "1 to \(limit)", found: "\(found)")
        }
        return found
    }

    /// A floating-point number above zero.
    func positive(_ name: String, default standard: Double? = nil) throws(ModelFileError) -> Float {
        let found = try gguf.valueIfPresent(key(name), as: .float) ?? standard
        guard let found else {
            throw .missingMetadata(path: gguf.path, key: key(name), expected: "float")
        }
        guard Float(found) > 0, Float(found).isFinite else {
            throw bad(key(name), expected: "a finite number above 0", found: "\(found)")
        }
        return Float(found)
    }

    /// Width of a head: written in the file, or the residual stream divided among the heads.
    func headDimension(hiddenSize: Int, headCount: Int) throws(ModelFileError) -> Int {
        guard gguf.metadata[key("attention.key_length")] == nil else {
            let dimension = try size("attention.key_length", upTo: 1 << 12)
            let valueDimension = try size(
                "attention.value_length",
                upTo: 1 << 12,
                default: dimension
            )
            guard valueDimension == dimension else {
                throw bad(
                    key("attention.value_length"),
                    expected: "\(dimension), as key_length",
                    found: "\(valueDimension)"
                )
            }
            return dimension
        }
        guard hiddenSize % headCount == 0 else {
            throw bad(
                key("attention.head_count"),
                expected: "a divisor of the embedding length \(hiddenSize)",
                found: "\(headCount)"
            )
        }
        return hiddenSize / headCount
    }

    func checkGrouping(headCount: Int, kvHeadCount: Int) throws(ModelFileError) {
        guard headCount % kvHeadCount == 0 else {
            throw bad(
                key("attention.head_count_kv"),
                expected: "a divisor of the head count \(headCount)",
                found: "\(kvHeadCount)"
            )
        }
    }

    func ropeDimensionCount(headDimension: Int) throws(ModelFileError) -> Int {
        let name = "rope.dimension_count"
        let count = try size(name, upTo: headDimension, default: headDimension)
        guard count % 2 == 0 else {
            throw bad(key(name), expected: "an even number", found: "\(count)")
        }
        return count
    }

    /// Number of tokens: as many as the tokenizer lists, else written, else what the embedding has.
    func vocabularySize() throws(ModelFileError) -> Int {
        let limit = 1 << 22
        let tokens = try gguf.valueIfPresent("tokenizer.ggml.tokens", as: .strings)?.count
        let rows = gguf.tensor(named: "token_embd.weight")?.rowCount
        let count = try size("vocab_size", upTo: limit, default: tokens ?? rows)
        guard tokens == nil || tokens == count else {
            throw bad(
                "tokenizer.ggml.tokens",
                expected: "\(count) tokens",
                found: "\(tokens ?? 0)"
            )
        }
        return count
    }

    /// A special token's number.
    func token(_ name: String, vocabularySize: Int) throws(ModelFileError) -> Int? {
        let key = "tokenizer.ggml.\(name)"
        guard let token = try gguf.valueIfPresent(key, as: .integer) else { return nil }
        guard token >= 0, token < vocabularySize else {
            throw bad(key, expected: "0 to \(vocabularySize - 1)", found: "\(token)")
        }
        return token
    }

    /// Unless the file says otherwise, SentencePiece tokenizers put the token in front.
    func addsBOS(hasBOS: Bool) throws(ModelFileError) -> Bool {
        let key = "tokenizer.ggml.add_bos_token"
        let isSentencePiece =
            try gguf.valueIfPresent("tokenizer.ggml.model", as: .string) == "llama"
        let adds = try gguf.valueIfPresent(key, as: .bool) ?? (isSentencePiece && hasBOS)
        guard hasBOS || !adds else {
            throw bad(key, expected: "false, for there is no bos_token_id", found: "true")
        }
        return adds
    }

    /// Refuses what would change the arithmetic: experts and stretched rotary frequencies.
    func refuseVariants() throws(ModelFileError) {
        if let experts = try gguf.valueIfPresent(key("expert_count"), as: .integer), experts != 0 {
            throw bad(key("expert_count"), expected: "0", found: "\(experts)")
        }
        let scaling = try gguf.valueIfPresent(key("rope.scaling.type"), as: .string)
        if let scaling, scaling != "none" {
            throw bad(key("rope.scaling.type"), expected: "none", found: scaling)
        }
    }
}
