import Testing

@testable import Tokenizers

@Suite("BytePairMerger")
struct BytePairMergerTests {
    /// The definition: again and again, merge the leftmost pair of lowest rank.
    private func merged(_ word: [UInt8], _ merges: BytePairMerges) -> [Int32] {
        var tokens = word.compactMap { merges.byteTokens[Int($0)] }
        while true {
            let ranked = tokens.indices.dropLast().compactMap { index in
                merges.rank(of: .init(left: tokens[index], right: tokens[index + 1]))
                    .map { (rank: $0, index: index) }
            }
            guard let best = ranked.min(by: { ($0.rank, $0.index) < ($1.rank, $1.index) }) else {
                return tokens
            }
            tokens[best.index] = merges.result(ofRank: Int(best.rank))
            tokens.remove(at: best.index + 1)
        }
    }

    /// A vocabulary with merges over a small alphabet, so that they overlap in many ways.
    private func randomMerges(_ generator: inout SeededGenerator) throws -> BytePairMerges {
        var tokens = ["a", "b", "c"]
        var merges: [String] = []
        for _ in 0..<12 {
            let left = tokens.randomElement(using: &generator) ?? "a"
            let right = tokens.randomElement(using: &generator) ?? "b"
            merges.append("\(left) \(right)")
            tokens.append(left + right)
        }
        merges.shuffle(using: &generator)
        return try BytePairMerges(
            TokenizerVocabulary(tokens: tokens, merges: merges, preTokenizer: "gpt2")
        )
    }

    @Test("merges as the definition does, on random vocabularies and words")
    func agreesWithDefinition() throws {
        let seed: UInt64 = 0x5EED_0002
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<200 {
            let merges = try randomMerges(&generator)
            var merger = BytePairMerger(merges)
            for _ in 0..<10 {
                let word = (0..<Int.random(in: 0...30, using: &generator)).map { _ in
                    UInt8.random(in: 0x61...0x64, using: &generator)  // "d" has no token
                }
                var output: [Int32] = []
                merger.append(word.compactMap { merges.byteTokens[Int($0)] }, to: &output)
                #expect(output == merged(word, merges), "seed \(seed), word \(word)")
            }
        }
    }

    @Test("the heap yields its keys in order")
    func heapSorts() {
        let seed: UInt64 = 0x5EED_0003
        var generator = SeededGenerator(seed: seed)
        var heap = MinimumHeap()
        let keys = (0..<300).map { _ in UInt64.random(in: 0..<200, using: &generator) }
        for key in keys { heap.insert(key) }
        var sorted: [UInt64] = []
        while let key = heap.popMinimum() { sorted.append(key) }
        #expect(sorted == keys.sorted(), "seed \(seed)")
        #expect(heap.popMinimum() == nil)
    }

    @Test(
        "a hostile word of a megabyte takes about as long as ordinary text",
        .timeLimit(.minutes(1))
    )
    func hostileWord() throws {
        let tokenizer = try SmallVocabulary.tokenizer()
        let count = 1 << 20
        let tokens = tokenizer.encode(String(repeating: "a", count: count))
        #expect(tokens == [Int32](repeating: SmallVocabulary.id("aaaa"), count: count / 4))
        #expect(tokenizer.encode(String(repeating: "<|", count: count / 2)).count == count)
        #expect(tokenizer.encode(String(repeating: " ", count: count)).count == count)
    }
}
