/// Text that is cut into words.
struct PreTokenizedText: Sendable, Equatable {
    /// The text of all words.
    var scalars: [Unicode.Scalar]

    /// Where each word ends; words are not empty, and the last one ends with the text.
    var ends: [Int]

    /// Whether the text begins where the input does.
    var isStart: Bool

    /// One word, unless `text` is empty.
    init(_ text: [UInt8], isStart: Bool = true) {
        scalars = Array(String(decoding: text, as: UTF8.self).unicodeScalars)
        ends = scalars.isEmpty ? [] : [scalars.count]
        self.isStart = isStart
    }

    /// Calls `body` with each word.
    func forEachWord(_ body: (ArraySlice<Unicode.Scalar>) -> Void) {
        var start = 0
        for end in ends {
            body(scalars[start..<end])
            start = end
        }
    }

    /// Replaces the words by what `change` appends for each of them.
    mutating func rewrite(
        _ change: (ArraySlice<Unicode.Scalar>, _ isStart: Bool, inout Words) -> Void
    ) {
        var words = Words()
        words.scalars.reserveCapacity(scalars.count)
        var start = 0
        for end in ends {
            change(scalars[start..<end], isStart && start == 0, &words)
            words.endWord()
            start = end
        }
        (scalars, ends) = (words.scalars, words.ends)
    }

    /// Words in the making.
    struct Words {
        /// The text so far.
        var scalars: [Unicode.Scalar] = []
        /// The ends of the words that are complete.
        fileprivate(set) var ends: [Int] = []

        /// Ends the word that was begun, if one was.
        mutating func endWord() {
            if scalars.count > (ends.last ?? 0) { ends.append(scalars.count) }
        }
    }
}

/// One step on the way from text to words.
protocol PreTokenizationStep: Sendable {
    /// Cuts the words further, or changes them.
    ///
    /// - Complexity: O(*n*).
    func apply(to text: inout PreTokenizedText)
}

/// Cuts every word by a pattern.
struct PatternCut: PreTokenizationStep {
    private let pattern: any PreTokenizer

    init(_ pattern: any PreTokenizer) {
        self.pattern = pattern
    }

    func apply(to text: inout PreTokenizedText) {
        var ends: [Int] = []
        text.forEachWord { pattern.appendWordEnds(of: $0, to: &ends) }
        text.ends = ends
    }
}
