/// A tokenizer as a model file describes it; plain values, checked by `Tokenizer.init`.
public struct TokenizerVocabulary: Sendable, Equatable {
    /// The kind of tokenizer; GGUF calls byte-level BPE `gpt2` and SentencePiece `llama`.
    public var model: String

    /// The text of each token, by id; of tokens with equal text the first one counts.
    public var tokens: [String]

    /// The type of each token, by id; empty when all are normal.
    public var types: [TokenType]

    /// Pairs of tokens, separated by a space, best first; of equal pairs the first one counts.
    public var merges: [String]

    /// The score of each token, by id, for SentencePiece: the best is merged first.
    public var scores: [Float]

    /// Names the pattern that cuts text into words; SentencePiece has none.
    public var preTokenizer: String

    /// Begins a text.
    public var bosToken: Int32?

    /// Ends a text.
    public var eosToken: Int32?

    /// Stands for text that has no token; byte-level BPE never produces it.
    public var unknownToken: Int32?

    /// Fills batches; never part of a text.
    public var padToken: Int32?

    /// Whether a text begins with `bosToken` unless the caller says otherwise.
    public var addsBOS: Bool

    /// Whether a text ends with `eosToken` unless the caller says otherwise.
    public var addsEOS: Bool

    /// Whether a space is put before a text; `nil`: only for SentencePiece.
    public var addsSpacePrefix: Bool?

    /// Added tokens that swallow the white space after them.
    public var whitespaceSwallowingTokens: Set<Int32>

    /// Describes a tokenizer.
    ///
    /// - Parameters:
    ///   - model: The kind of tokenizer, as in GGUF's `tokenizer.ggml.model`.
    ///   - tokens: The text of each token, by id.
    ///   - types: The type of each token, by id; empty when all are normal.
    ///   - merges: Pairs of tokens, separated by a space, best first; for byte-level BPE.
    ///   - scores: The score of each token, by id; for SentencePiece.
    ///   - preTokenizer: Names the pattern, as in GGUF's `tokenizer.ggml.pre`.
    ///   - bosToken: Begins a text.
    ///   - eosToken: Ends a text.
    ///   - unknownToken: Stands for unknown text.
    ///   - padToken: Fills batches.
    ///   - addsBOS: Whether a text begins with `bosToken` by default.
    ///   - addsEOS: Whether a text ends with `eosToken` by default.
    ///   - addsSpacePrefix: Whether a space is put before a text; `nil`: only for SentencePiece.
    ///   - whitespaceSwallowingTokens: Added tokens that swallow the white space after them.
    public init(
        model: String = "gpt2",
        tokens: [String],
        types: [TokenType] = [],
        merges: [String] = [],
        scores: [Float] = [],
        preTokenizer: String = "gpt-2",
        bosToken: Int32? = nil,
        eosToken: Int32? = nil,
        unknownToken: Int32? = nil,
        padToken: Int32? = nil,
        addsBOS: Bool = false,
        addsEOS: Bool = false,
        addsSpacePrefix: Bool? = nil,
        whitespaceSwallowingTokens: Set<Int32> = []
    ) {
        self.model = model
        self.tokens = tokens
        self.types = types
        self.merges = merges
        self.scores = scores
        self.preTokenizer = preTokenizer
        self.bosToken = bosToken
        self.eosToken = eosToken
        self.unknownToken = unknownToken
        self.padToken = padToken
        self.addsBOS = addsBOS
        self.addsEOS = addsEOS
        self.addsSpacePrefix = addsSpacePrefix
        self.whitespaceSwallowingTokens = whitespaceSwallowingTokens
    }

    /// The type of a token in range, once the vocabulary is valid; normal for others.
    public func type(of id: Int) -> TokenType { types.indices.contains(id) ? types[id] : .normal }

    /// Checks what does not depend on the kind of tokenizer.
    func validate() throws(TokenizerError) {
        guard !tokens.isEmpty else { throw .emptyVocabulary }
        guard types.isEmpty || types.count == tokens.count else {
            throw .typeCountMismatch(tokenCount: tokens.count, typeCount: types.count)
        }
        let named = [
            ("bos", bosToken), ("eos", eosToken), ("unknown", unknownToken), ("pad", padToken),
        ]
        for case (let name, let id?) in named where !tokens.indices.contains(Int(id)) {
            throw .tokenOutOfRange(name: name, id: id, vocabularySize: tokens.count)
        }
    }
}
