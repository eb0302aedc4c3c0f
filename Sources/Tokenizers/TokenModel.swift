/// A way to cut text into the tokens of a vocabulary.
///
/// Another kind (such as SentencePiece's) is one more conforming type and one more line in
/// `tokenModel(for:)`.
protocol TokenModel: Sendable {
    /// Appends the tokens of `text`, which is UTF-8 without added tokens.
    func append(_ text: [UInt8], to output: inout [Int32])

    /// The bytes that a normal token of the vocabulary, spelled `token`, stands for.
    func bytes(ofNormal token: String) -> [UInt8]
}

/// Names of the supported kinds, as GGUF spells them.
let supportedTokenModels = ["gpt2"]

/// The kind of tokenizer that a vocabulary asks for.
func tokenModel(for vocabulary: TokenizerVocabulary) throws(TokenizerError) -> any TokenModel {
    switch vocabulary.model {
    case "gpt2": try BytePairModel(vocabulary)
    default: throw .unsupportedModel(vocabulary.model, supported: supportedTokenModels)
    }
}
