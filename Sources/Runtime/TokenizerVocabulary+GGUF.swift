import ModelFiles
import Tokenizers

extension TokenizerVocabulary {
    /// The vocabulary in a GGUF file's metadata.
    ///
    /// - Throws: `ModelFileError` when a key is missing or of the wrong type.
    init(_ gguf: GGUF) throws(ModelFileError) {
        func token(_ name: String) throws(ModelFileError) -> Int32? {
            try gguf.valueIfPresent("tokenizer.ggml.\(name)_token_id", as: .integer)
                .map { Int32(clamping: $0) }
        }
        self.init(
            model: try gguf.value("tokenizer.ggml.model", as: .string),
            tokens: try gguf.value("tokenizer.ggml.tokens", as: .strings),
            types: (try gguf.valueIfPresent("tokenizer.ggml.token_type", as: .integers) ?? [])
                .map { TokenType(rawValue: Int32(clamping: $0)) ?? .normal },
            merges: try gguf.valueIfPresent("tokenizer.ggml.merges", as: .strings) ?? [],
            preTokenizer: try gguf.valueIfPresent("tokenizer.ggml.pre", as: .string) ?? "gpt-2",
            bosToken: try token("bos"),
            eosToken: try token("eos"),
            unknownToken: try token("unknown"),
            padToken: try token("padding"),
            addsBOS: try gguf.valueIfPresent("tokenizer.ggml.add_bos_token", as: .bool) ?? false
        )
    }
}
