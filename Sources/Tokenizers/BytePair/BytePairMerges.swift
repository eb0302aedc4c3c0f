/// The merges of a byte-level BPE vocabulary, by rank.
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

    init(_ vocabulary: TokenizerVocabulary) throws(TokenizerError) {
        // Keyed by UTF-8: `String` takes canonically equivalent texts for equal.
        var ids: [ArraySlice<UInt8>: Int32] = [:]
        ids.reserveCapacity(vocabulary.tokens.count)
        for (id, token) in vocabulary.tokens.enumerated() {
            let key = Array(token.utf8)[...]
            if ids[key] == nil { ids[key] = Int32(id) }
        }
        byteTokens = ByteAlphabet.scalars.map { ids[Array(String($0).utf8)[...]] }

        var ranks: [Pair: Int32] = [:]
        var pairs: [Pair] = []
        var results: [Int32] = []
        ranks.reserveCapacity(vocabulary.merges.count)
        pairs.reserveCapacity(vocabulary.merges.count)
        results.reserveCapacity(vocabulary.merges.count)
        for (index, merge) in vocabulary.merges.enumerated() {
            let (pair, result) = try Self.resolve(merge, index: index, ids: ids)
            guard ranks[pair] == nil else { continue }
            ranks[pair] = Int32(pairs.count)
            pairs.append(pair)
            results.append(result)
        }
        (self.ranks, self.pairs, self.results) = (ranks, pairs, results)
    }

    /// The rank of a pair of adjacent tokens, lower merging first; `nil` when they stay apart.
    func rank(of pair: Pair) -> Int32? { ranks[pair] }

    /// The pair that has `rank`.
    func pair(ofRank rank: Int) -> Pair { pairs[rank] }

    /// The token that the pair of `rank` becomes.
    func result(ofRank rank: Int) -> Int32 { results[rank] }

    private static func resolve(
        _ merge: String,
        index: Int,
        ids: [ArraySlice<UInt8>: Int32]
    ) throws(TokenizerError) -> (Pair, Int32) {
        let bytes = Array(merge.utf8)
        guard let space = bytes.firstIndex(of: 0x20), space > 0, space + 1 < bytes.count else {
            throw .malformedMerge(index: index, merge: merge)
        }
        func id(_ token: ArraySlice<UInt8>) throws(TokenizerError) -> Int32 {
            guard let id = ids[token] else {
                let token = String(decoding: token, as: UTF8.self)
                throw .mergeOfUnknownToken(index: index, merge: merge, token: token)
            }
            return id
        }
        let (left, right) = (bytes[..<space], bytes[(space + 1)...])
        return (Pair(left: try id(left), right: try id(right)), try id(left + right))
    }
}
