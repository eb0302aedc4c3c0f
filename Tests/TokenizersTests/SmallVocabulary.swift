@testable import Tokenizers

/// A vocabulary of all bytes (token = byte), a few merges, and added tokens.
enum SmallVocabulary {
    static let mergedTokens = ["he", "ll", "hell", "hello", "Ġhello", "aa", "aaaa", "Ã©"]
    static let merges = [
        "h e", "l l", "he ll", "hell o", "Ġ hello", "a a", "aa aa", "Ã ©",
    ]
    static let controlTokens = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|im_end|>>"]
    static let userDefinedTokens = ["<tool>", "<tool><tool>"]

    static func make(
        preTokenizer: String = "gpt-2",
        extraMerges: [String] = [],
        addsBOS: Bool = false
    ) -> TokenizerVocabulary {
        let bytes = ByteAlphabet.scalars.map { String($0) }
        let tokens = bytes + mergedTokens + controlTokens + userDefinedTokens
        let normalCount = bytes.count + mergedTokens.count
        let types =
            [TokenType](repeating: .normal, count: normalCount)
            + controlTokens.map { _ in .control } + userDefinedTokens.map { _ in .userDefined }
        return TokenizerVocabulary(
            tokens: tokens,
            types: types,
            merges: merges + extraMerges,
            preTokenizer: preTokenizer,
            bosToken: Int32(normalCount + 1),
            eosToken: Int32(normalCount + 2),
            addsBOS: addsBOS
        )
    }

    static func tokenizer(preTokenizer: String = "gpt-2") throws -> Tokenizer {
        try Tokenizer(vocabulary: make(preTokenizer: preTokenizer))
    }

    /// The id of a token that is spelled `text`.
    static func id(_ text: String) -> Int32 {
        Int32(make().tokens.firstIndex(of: text) ?? -1)
    }
}
