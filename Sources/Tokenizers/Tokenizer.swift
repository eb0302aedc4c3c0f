/// Turns text into tokens and back.
///
/// Immutable and shared between threads; copies share their tables.
public struct Tokenizer: Sendable {
    /// The number of tokens; ids are `0..<vocabularySize`.
    public let vocabularySize: Int

    /// Begins a text.
    public let bosToken: Int32?

    /// Ends a text.
    public let eosToken: Int32?

    /// Fills batches; never part of a text.
    public let padToken: Int32?

    /// Whether `encode` begins with `bosToken` unless told otherwise.
    public let addsBOS: Bool

    /// Whether `encode` ends with `eosToken` unless told otherwise.
    public let addsEOS: Bool

    /// Tokens after which generation stops: `eosToken`, and control tokens such as `<|im_end|>`.
    public let endOfTextTokens: Set<Int32>

    let model: any TokenModel
    let normalizer: Normalizer
    let preTokenizer: [any PreTokenizationStep]
    /// Those that are looked for in the text as it came, and those in the normalised text.
    let addedTokens: AddedTokenFinder
    let normalizedAddedTokens: AddedTokenFinder
    /// What encoding puts first and last.
    let prefix: [Int32]
    let suffix: [Int32]
    /// What decoding leaves out at the beginning of a text.
    let leading: TokenSpelling.Leading
    private let bytes: TokenBytes
    private let special: Set<Int32>

    /// Names that model families give to the token after which an answer is complete.
    private static let endOfTextNames: Set = [
        "<|endoftext|>", "<|im_end|>", "<|eot_id|>", "<|eom_id|>", "<|end_of_text|>", "<|end|>",
        "<|eot|>", "<end_of_turn>", "<EOT>", "</s>",
    ]

    /// Builds the tables of a vocabulary.
    ///
    /// - Throws: `TokenizerError` when the vocabulary contradicts itself, or is of a kind or has a
    ///   pre-tokenizer that is not supported.
    /// - Complexity: O(*n*) in the size of the vocabulary.
    public init(vocabulary: TokenizerVocabulary) throws(TokenizerError) {
        self.init(try TokenizerParts(vocabulary))
    }

    init(_ parts: TokenizerParts) {
        vocabularySize = parts.tokens.count
        (bosToken, eosToken, padToken) = (parts.bosToken, parts.eosToken, parts.padToken)
        (addsBOS, addsEOS) = (parts.addsPrefix, parts.addsSuffix)
        (prefix, suffix) = (parts.prefix, parts.suffix)
        (model, preTokenizer) = (parts.model, parts.preTokenizer)
        let normalizer = parts.normalizer
        self.normalizer = normalizer
        addedTokens = AddedTokenFinder(parts.addedTokens.filter { !$0.isNormalized })
        normalizedAddedTokens = AddedTokenFinder(parts.addedTokens.filter(\.isNormalized)) {
            normalizer(Array($0.utf8))
        }
        bytes = TokenBytes(parts)
        leading = parts.spelling.leading

        let control = parts.addedTokens.filter(\.isControl)
        special = Set(control.map(\.id))
        endOfTextTokens = Set(
            [parts.eosToken].compactMap { $0 }
                + control.filter { Self.endOfTextNames.contains($0.content) }.map(\.id)
        )
    }

    /// The bytes that a token stands for; a token may hold a part of a character only.
    ///
    /// None when `id` is outside the vocabulary, as the padding of an embedding matrix is.
    public func token(_ id: Int32) -> ArraySlice<UInt8> { bytes[id] }

    /// Whether a token is structure rather than text; user-defined tokens are text.
    public func isSpecial(_ id: Int32) -> Bool { special.contains(id) }

    /// The text of `ids`; bytes that are not UTF-8 become U+FFFD.
    ///
    /// - Parameters:
    ///   - ids: Tokens in any order; those outside the vocabulary have no text.
    ///   - skipsSpecial: Whether control tokens are left out.
    /// - Returns: The text, the same as a `TokenDecoder` streams.
    public func decode(_ ids: [Int32], skipsSpecial: Bool = false) -> String {
        var decoder = TokenDecoder(tokenizer: self, skipsSpecial: skipsSpecial)
        var text = ""
        for id in ids { text += decoder.append(id) }
        return text + decoder.finish()
    }
}
