/// The tokens of a SentencePiece vocabulary that text can become, and the order of their scores.
struct ScoredPieces: Sendable {
    private let index: TokenIndex
    /// Equal for equal scores, and lower for better ones.
    private let ranks: [Int32]

    /// - Throws: `TokenizerError` when a score is missing or not a number.
    init(_ vocabulary: TokenizerVocabulary) throws(TokenizerError) {
        let scores = vocabulary.scores
        guard scores.count == vocabulary.tokens.count else {
            throw .scoreCountMismatch(
                tokenCount: vocabulary.tokens.count,
                scoreCount: scores.count
            )
        }
        if let token = scores.firstIndex(where: \.isNaN) { throw .scoreNotANumber(token: token) }
        // What only markup may name is never found in text.
        index = TokenIndex(vocabulary.tokens) { id in
            switch vocabulary.type(of: id) {
            case .normal, .userDefined, .unused: true
            case .unknown, .control, .byte: false
            }
        }
        var ranks = [Int32](repeating: 0, count: scores.count)
        var (rank, last) = (Int32(0), Float.infinity)
        for id in scores.indices.sorted(by: { scores[$0] > scores[$1] }) {
            if scores[id] < last { (rank, last) = (rank + 1, scores[id]) }
            ranks[id] = rank
        }
        self.ranks = ranks
    }

    /// The token that a stretch of text is.
    func id(of range: Range<Int>, in text: [UInt8]) -> Int32? { index.id(of: range, in: text) }

    /// The rank of the token that a stretch of text is, lower merging first.
    func rank(of range: Range<Int>, in text: [UInt8]) -> Int32? {
        index.id(of: range, in: text).map { ranks[Int($0)] }
    }
}
