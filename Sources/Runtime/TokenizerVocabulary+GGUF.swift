import ModelFiles
import Tokenizers

extension TokenizerVocabulary {
    /// The vocabulary in a GGUF file's metadata.
    ///
    /// What the metadata leaves out is as llama.cpp has it.
    ///
    /// - Throws: `ModelFileError` when a key is missing or of the wrong type.
    init(_ gguf: GGUF) throws(ModelFileError) {
        func token(_ name: String) throws(ModelFileError) -> Int32? {
            try gguf.valueIfPresent("tokenizer.ggml.\(name)_token_id", as: .integer)
                .map { Int32(clamping: $0) }
        }
        func flag(_ name: String) throws(ModelFileError) -> Bool? {
            try gguf.valueIfPresent("tokenizer.ggml.\(name)", as: .bool)
        }
        let model = try gguf.value("tokenizer.ggml.model", as: .string)
        let preTokenizer = try gguf.valueIfPresent("tokenizer.ggml.pre", as: .string) ?? "gpt-2"
        let isSentencePiece = model == "llama"
        let isLlama3 = ["llama3", "llama-v3", "llama-bpe"].contains(preTokenizer)
        self.init(
            model: model,
            tokens: try gguf.value("tokenizer.ggml.tokens", as: .strings),
            types: (try gguf.valueIfPresent("tokenizer.ggml.token_type", as: .integers) ?? [])
                .map { TokenType(rawValue: Int32(clamping: $0)) ?? .normal },
            merges: try gguf.valueIfPresent("tokenizer.ggml.merges", as: .strings) ?? [],
            scores: try gguf.valueIfPresent("tokenizer.ggml.scores", as: .floats) ?? [],
            preTokenizer: preTokenizer,
            bosToken: try token("bos") ?? (isSentencePiece ? 1 : nil),
            eosToken: try token("eos") ?? (isSentencePiece ? 2 : nil),
            unknownToken: try token("unknown") ?? (isSentencePiece ? 0 : nil),
            padToken: try token("padding"),
            addsBOS: try flag("add_bos_token") ?? (isSentencePiece || isLlama3),
            addsEOS: try flag("add_eos_token") ?? false,
            addsSpacePrefix: try flag("add_space_prefix")
        )
        let name = try gguf.valueIfPresent("general.name", as: .string)?.lowercased() ?? ""
        if name.contains("phi-3") || name.contains("phi3") { swallowWhitespaceLikePhi3() }
    }

    /// Phi-3's markup swallows the white space after it, which the metadata cannot say.
    private mutating func swallowWhitespaceLikePhi3() {
        let keeping: Set = ["<unk>", "<s>", "<|endoftext|>"]
        whitespaceSwallowingTokens = Set(
            tokens.indices
                .filter { type(of: $0) == .control || type(of: $0) == .userDefined }
                .filter { !keeping.contains(tokens[$0]) }
                .map { Int32($0) }
        )
    }
}
