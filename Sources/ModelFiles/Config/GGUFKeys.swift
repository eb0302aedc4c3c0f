/// The metadata keys of one architecture, which start with its name.
struct GGUFKeys: ConfigValues {
    let gguf: GGUF

    /// The architecture, or `tokenizer.ggml`.
    let prefix: String

    var path: String { gguf.path }

    func key(_ name: String) -> String { "\(prefix).\(name)" }

    func integer(_ name: String) throws(ModelFileError) -> Int? {
        try gguf.valueIfPresent(key(name), as: .integer)
    }

    func number(_ name: String) throws(ModelFileError) -> Double? {
        try gguf.valueIfPresent(key(name), as: .float)
    }

    /// One integer in `1...limit` a layer: an array of them, or one for all.
    func sizes(
        _ name: String,
        count: Int,
        upTo limit: Int
    ) throws(ModelFileError) -> [Int] {
        guard case .array(let array) = gguf.metadata[key(name)] else {
            return Array(repeating: try size(name, upTo: limit), count: count)
        }
        guard let values = array.integers, values.count == count else {
            throw bad(
                name,
                expected: "one integer for each of \(count) layers",
                found: "an array of \(array.integers.map { "\($0.count)" } ?? "other values")"
            )
        }
        guard let layer = values.firstIndex(where: { $0 < 1 || $0 > limit }) else { return values }
        throw bad(
            name,
            expected: "1 to \(limit)",
            found: "\(values[layer]) in layer \(layer)"
        )
    }

    /// The largest of `sizes`.
    func largestSize(
        _ name: String,
        layerCount: Int,
        upTo limit: Int
    ) throws(ModelFileError) -> Int {
        try sizes(name, count: layerCount, upTo: limit).max() ?? 0
    }

    func string(_ name: String) throws(ModelFileError) -> String? {
        try gguf.valueIfPresent(key(name), as: .string)
    }

    func bool(_ name: String) throws(ModelFileError) -> Bool? {
        try gguf.valueIfPresent(key(name), as: .bool)
    }

    /// Width of a head: written in the file, or the residual stream divided among the heads.
    func headDimension(hiddenSize: Int, headCount: Int) throws(ModelFileError) -> Int {
        guard gguf.metadata[key("attention.key_length")] != nil else {
            return try quotient(
                "attention.head_count",
                hiddenSize: hiddenSize,
                headCount: headCount
            )
        }
        let dimension = try size("attention.key_length", upTo: SizeLimit.headDimension)
        let valueDimension = try size(
            "attention.value_length",
            upTo: SizeLimit.headDimension,
            default: dimension
        )
        guard valueDimension == dimension else {
            throw bad(
                "attention.value_length",
                expected: "\(dimension), as key_length",
                found: "\(valueDimension)"
            )
        }
        return dimension
    }

    func ropeDimensionCount(headDimension: Int) throws(ModelFileError) -> Int {
        let name = "rope.dimension_count"
        let count = try size(name, upTo: headDimension, default: headDimension)
        guard count % 2 == 0 else { throw bad(name, expected: "an even number", found: "\(count)") }
        return count
    }

    /// Number of tokens: as many as the tokenizer lists, else written, else what the embedding has.
    func vocabularySize() throws(ModelFileError) -> Int {
        let tokens = try gguf.valueIfPresent("tokenizer.ggml.tokens", as: .strings)?.count
        let rows = gguf.tensor(named: "token_embd.weight")?.rowCount
        let count = try size("vocab_size", upTo: SizeLimit.vocabulary, default: tokens ?? rows)
        guard tokens == nil || tokens == count else {
            throw .badMetadata(
                path: path,
                key: "tokenizer.ggml.tokens",
                expected: "\(count) tokens",
                found: "\(tokens ?? 0)"
            )
        }
        return count
    }

    /// A special token's number.
    func token(_ name: String, vocabularySize: Int) throws(ModelFileError) -> Int? {
        guard let token = try integer(name) else { return nil }
        return try checked(token, name, vocabularySize: vocabularySize)
    }

    /// Unless the file says otherwise, SentencePiece tokenizers put the token in front.
    func addsBOS(hasBOS: Bool) throws(ModelFileError) -> Bool {
        let isSentencePiece = try string("model") == "llama"
        let adds = try bool("add_bos_token") ?? (isSentencePiece && hasBOS)
        guard hasBOS || !adds else {
            throw bad(
                "add_bos_token",
                expected: "false, for there is no bos_token_id",
                found: "true"
            )
        }
        return adds
    }

    // MARK: Rotation

    /// How global layers are rotated.
    func scaling(pairCount: Int) throws(ModelFileError) -> RotaryParameters.Scaling {
        if gguf.tensor(named: "rope_factors_long.weight") != nil {
            throw bad("rope.scaling.type", expected: "none or linear", found: "longrope")
        }
        try require("rope.scaling.type", oneOf: ["none", "linear"])
        if let tensor = gguf.tensor(named: "rope_freqs.weight") {
            return .factors(try factors(tensor, pairCount: pairCount))
        }
        guard try string("rope.scaling.type") == "linear" else { return .none }
        return .linear(try positive("rope.scaling.factor"))
    }

    private func factors(
        _ tensor: TensorInfo,
        pairCount: Int
    ) throws(ModelFileError) -> [Float] {
        guard tensor.dimensions == [pairCount] else {
            throw .wrongShape(
                path: path,
                tensor: tensor.name,
                expected: [pairCount],
                found: tensor.dimensions
            )
        }
        var factors = [Float](repeating: 0, count: pairCount)
        var span = factors.mutableSpan
        try gguf.copyRow(0, of: tensor, into: &span)
        if let factor = factors.first(where: { !($0 > 0 && $0.isFinite) }) {
            throw .badMetadata(
                path: path,
                key: tensor.name,
                expected: "finite numbers above 0",
                found: "\(factor)"
            )
        }
        return factors
    }

    /// Refuses what would change the arithmetic.
    func refuseVariants() throws(ModelFileError) {
        if let experts = try integer("expert_count"), experts != 0 {
            throw bad("expert_count", expected: "0", found: "\(experts)")
        }
        for name in ["attn_logit_softcapping", "final_logit_softcapping"] {
            if let cap = try number(name), cap != 0 {
                throw bad(name, expected: "0", found: "\(cap)")
            }
        }
    }
}
