/// Merges neighbours into the token of the best score, again and again, as SentencePiece does.
///
/// The text is a linked list of stretches. A heap yields the pair whose joined text is the token of
/// the best score, of equal scores the leftmost; a pair that an earlier merge has changed since is
/// dropped when it comes up. So a text of *n* bytes takes O(*n* log *n*) steps.
struct ScoredPieceMerger {
    private let pieces: ScoredPieces
    private let text: [UInt8]
    /// Where the stretch that begins at a place of the list begins in the text, and its neighbours.
    private var starts: [Int32] = []
    private var next: [Int32] = []
    private var previous: [Int32] = []
    /// The rank of the pair that begins at a place; `none` when it does not merge.
    private var ranks: [Int32] = []
    private var heap = MinimumHeap()

    private static let none: Int32 = -1

    /// Begins with the characters of `text`, which is UTF-8.
    init(_ pieces: ScoredPieces, _ text: [UInt8]) {
        (self.pieces, self.text) = (pieces, text)
        for (offset, byte) in text.enumerated() where byte & 0xC0 != 0x80 || offset == 0 {
            let place = Int32(starts.count)
            starts.append(Int32(offset))
            previous.append(place - 1)
            next.append(place + 1)
        }
        ranks = [Int32](repeating: Self.none, count: starts.count)
        if !next.isEmpty { next[next.count - 1] = Self.none }
    }

    /// The stretches of the text that are left when nothing merges any more.
    mutating func merged() -> [Range<Int>] {
        for place in starts.indices.dropLast() { propose(Int32(place)) }
        while let key = heap.popMinimum() {
            let (rank, place) = (Int32(key >> 32), Int32(truncatingIfNeeded: key))
            if ranks[Int(place)] == rank { merge(at: place) }
        }
        var stretches: [Range<Int>] = []
        var place: Int32 = starts.isEmpty ? Self.none : 0
        while place != Self.none {
            stretches.append(Int(starts[Int(place)])..<end(of: place))
            place = next[Int(place)]
        }
        return stretches
    }

    private func end(of place: Int32) -> Int {
        let following = next[Int(place)]
        return following == Self.none ? text.count : Int(starts[Int(following)])
    }

    /// Queues the pair that begins at `place`, if it merges.
    private mutating func propose(_ place: Int32) {
        ranks[Int(place)] = Self.none
        let following = next[Int(place)]
        guard following != Self.none else { return }
        let range = Int(starts[Int(place)])..<end(of: following)
        guard let rank = pieces.rank(of: range, in: text) else { return }
        ranks[Int(place)] = rank
        heap.insert(UInt64(rank) << 32 | UInt64(place))
    }

    private mutating func merge(at place: Int32) {
        let removed = next[Int(place)]
        let following = next[Int(removed)]
        ranks[Int(removed)] = Self.none
        next[Int(place)] = following
        if following != Self.none { previous[Int(following)] = place }
        let preceding = previous[Int(place)]
        if preceding != Self.none { propose(preceding) }
        propose(place)
    }
}
