/// The merges of a BPE vocabulary, by rank.
struct BytePairMerges: Sendable {
    /// The token of each single byte; `nil` when the vocabulary lacks it.
    let byteTokens: [Int32?]

    private let ranks: [Pair: Int32]
    private let pairs: [Pair]
    private let results: [Int32]

    struct Pair: Hashable {
        var left: Int32
        var right: Int32
    }

    /// Resolves merges, best first; of equal pairs the first counts.
    ///
    /// - Throws: `TokenizerError` when a merge names or makes a token that `index` lacks.
    init(_ merges: some Collection<Merge>, index: TokenIndex) throws(TokenizerError) {
        byteTokens = ByteAlphabet.scalars.map { index.id(of: Array(String($0).utf8)) }
        var ranks: [Pair: Int32] = [:]
        var pairs: [Pair] = []
        var results: [Int32] = []
        ranks.reserveCapacity(merges.count)
        pairs.reserveCapacity(merges.count)
        results.reserveCapacity(merges.count)
        for (number, merge) in merges.enumerated() {
            func id(_ token: [UInt8]) throws(TokenizerError) -> Int32 {
                guard let id = index.id(of: token) else {
                    let token = String(decoding: token, as: UTF8.self)
                    throw .mergeOfUnknownToken(index: number, merge: merge.text, token: token)
                }
                return id
            }
            let pair = Pair(left: try id(merge.left), right: try id(merge.right))
            guard ranks[pair] == nil else { continue }
            ranks[pair] = Int32(pairs.count)
            pairs.append(pair)
            results.append(try id(merge.left + merge.right))
        }
        (self.ranks, self.pairs, self.results) = (ranks, pairs, results)
    }

    /// The merges of a vocabulary whose merges are separated by spaces.
    init(_ vocabulary: TokenizerVocabulary) throws(TokenizerError) {
        var merges: [Merge] = []
        merges.reserveCapacity(vocabulary.merges.count)
        for (number, text) in vocabulary.merges.enumerated() {
            merges.append(try Merge(splitting: text, number: number))
        }
        try self.init(merges, index: TokenIndex(vocabulary.tokens))
    }

    /// The rank of a pair of adjacent tokens, lower merging first; `nil` when they stay apart.
    func rank(of pair: Pair) -> Int32? { ranks[pair] }

    /// The pair that has `rank`.
    func pair(ofRank rank: Int) -> Pair { pairs[rank] }

    /// The token that the pair of `rank` becomes.
    func result(ofRank rank: Int) -> Int32 { results[rank] }
}

extension BytePairMerges {
    /// Two tokens that become one.
    struct Merge: Sendable {
        var left: [UInt8]
        var right: [UInt8]

        init(left: String, right: String) {
            (self.left, self.right) = (Array(left.utf8), Array(right.utf8))
        }

        /// Splits at the first space.
        init(splitting text: String, number: Int) throws(TokenizerError) {
            let bytes = Array(text.utf8)
            guard let space = bytes.firstIndex(of: 0x20), space > 0, space + 1 < bytes.count else {
                throw .malformedMerge(index: number, merge: text)
            }
            (left, right) = (Array(bytes[..<space]), Array(bytes[(space + 1)...]))
        }

        /// As a model file spells it.
        var text: String { String(decoding: left + [0x20] + right, as: UTF8.self) }
    }
}
