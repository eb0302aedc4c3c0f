/// Everything a tokenizer is made of, wherever it was read.
struct TokenizerParts: Sendable {
    /// The text of each token, by id; empty for ids without a token.
    var tokens: [String]

    /// Tokens that are found in the text as a whole.
    var addedTokens: [AddedToken] = []

    /// Changes text before it is cut.
    var normalizer = Normalizer()

    /// Cut text into words, in order.
    var preTokenizer: [any PreTokenizationStep] = []

    /// Cuts words into tokens.
    var model: any TokenModel

    /// Turns tokens back into text.
    var spelling: TokenSpelling

    var bosToken: Int32?
    var eosToken: Int32?
    var padToken: Int32?

    /// What encoding puts first and last if asked to.
    var prefix: [Int32] = []
    var suffix: [Int32] = []

    /// Whether encoding does so unless told otherwise.
    var addsPrefix = false
    var addsSuffix = false
}

/// Kinds of tokenizers that GGUF files can name.
let supportedTokenModels = ["gpt2", "llama"]

extension TokenizerParts {
    /// The parts of the tokenizer that a model file's metadata describes.
    init(_ vocabulary: TokenizerVocabulary) throws(TokenizerError) {
        try vocabulary.validate()
        switch vocabulary.model {
        case "gpt2":
            let pattern = try bytePairPattern(named: vocabulary.preTokenizer)
            let merges = try BytePairMerges(vocabulary)
            let index = TokenIndex(vocabulary.tokens) { vocabulary.type(of: $0) == .normal }
            model = BytePairModel(
                merges,
                index: index,
                symbols: .bytes,
                takesWholeWords: pattern.takesWholeWords
            )
            preTokenizer = [PatternCut(pattern.preTokenizer)]
            if vocabulary.addsSpacePrefix ?? false { preTokenizer.insert(SpacePrefix(), at: 0) }
            spelling = .byteLevel
        case "llama":
            let addsSpacePrefix = vocabulary.addsSpacePrefix ?? true
            model = try SentencePieceModel(vocabulary)
            normalizer = .sentencePiece(addsSpacePrefix: addsSpacePrefix)
            spelling = .sentencePiece(stripsLeadingSpace: addsSpacePrefix)
        default:
            throw .unsupportedModel(vocabulary.model, supported: supportedTokenModels)
        }
        tokens = vocabulary.tokens
        addedTokens = vocabulary.addedTokens
        (bosToken, eosToken) = (vocabulary.bosToken, vocabulary.eosToken)
        padToken = vocabulary.padToken
        prefix = [vocabulary.bosToken].compactMap { $0 }
        suffix = [vocabulary.eosToken].compactMap { $0 }
        (addsPrefix, addsSuffix) = (vocabulary.addsBOS, vocabulary.addsEOS)
    }
}

extension TokenizerVocabulary {
    fileprivate var addedTokens: [AddedToken] {
        tokens.enumerated().compactMap { index, token in
            let (id, type) = (Int32(index), type(of: index))
            let isControl = type == .control || type == .unknown
            guard isControl || type == .userDefined else { return nil }
            return AddedToken(
                id: id,
                content: token,
                isControl: isControl,
                stripsRight: whitespaceSwallowingTokens.contains(id)
            )
        }
    }
}

extension Normalizer {
    /// U+2581 for spaces, and one in front of every stretch of text.
    fileprivate static func sentencePiece(addsSpacePrefix: Bool) -> Self {
        let mark = Array("\u{2581}".utf8)
        let replace = Step.replace(pattern: [0x20], replacement: mark)
        return Self(steps: addsSpacePrefix ? [.prepend(mark), replace] : [replace])
    }
}
