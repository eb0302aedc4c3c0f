/// Merges the pairs of one word after the other; keeps its memory between words.
///
/// The word is a linked list of tokens. A heap yields the pair of lowest rank, of equal ranks the
/// leftmost; a pair that an earlier merge has changed since is dropped when it comes up. So a word
/// of *n* symbols takes O(*n* log *n*) steps.
struct BytePairMerger {
    private let merges: BytePairMerges
    private var tokens: [Int32] = []
    private var next: [Int32] = []
    private var previous: [Int32] = []
    private var heap = MinimumHeap()

    /// Stands for "no neighbour" in the links, and for "merged away" in the tokens.
    private static let none: Int32 = -1

    init(_ merges: BytePairMerges) {
        self.merges = merges
    }

    /// Appends what becomes of `symbols`, the tokens of a word's bytes or characters, to `output`.
    mutating func append(_ symbols: some Sequence<Int32>, to output: inout [Int32]) {
        begin(symbols)
        for position in tokens.indices.dropLast() { propose(Int32(position)) }
        while let key = heap.popMinimum() {
            merge(rank: Int(key >> 32), at: Int32(truncatingIfNeeded: key))
        }
        for token in tokens where token != Self.none { output.append(token) }
    }

    private mutating func begin(_ symbols: some Sequence<Int32>) {
        tokens.removeAll(keepingCapacity: true)
        next.removeAll(keepingCapacity: true)
        previous.removeAll(keepingCapacity: true)
        for token in symbols {
            let position = Int32(tokens.count)
            tokens.append(token)
            previous.append(position - 1)
            next.append(position + 1)
        }
        if !next.isEmpty { next[next.count - 1] = Self.none }
    }

    /// Queues the pair that begins at `position`, if it merges.
    private mutating func propose(_ position: Int32) {
        guard let pair = pair(at: position), let rank = merges.rank(of: pair) else { return }
        heap.insert(UInt64(rank) << 32 | UInt64(position))
    }

    private mutating func merge(rank: Int, at position: Int32) {
        guard pair(at: position) == merges.pair(ofRank: rank) else { return }
        let removed = next[Int(position)]
        let following = next[Int(removed)]
        tokens[Int(position)] = merges.result(ofRank: rank)
        tokens[Int(removed)] = Self.none
        next[Int(position)] = following
        if following != Self.none { previous[Int(following)] = position }

        let preceding = previous[Int(position)]
        if preceding != Self.none { propose(preceding) }
        propose(position)
    }

    private func pair(at position: Int32) -> BytePairMerges.Pair? {
        let left = tokens[Int(position)]
        let right = next[Int(position)]
        guard left != Self.none, right != Self.none else { return nil }
        return BytePairMerges.Pair(left: left, right: tokens[Int(right)])
    }
}
