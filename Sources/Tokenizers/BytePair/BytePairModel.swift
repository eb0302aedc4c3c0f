/// BPE: the bytes or characters of a word are merged in the order of the ranks of their pairs.
struct BytePairModel: TokenModel {
    /// What a word is first cut into.
    enum Symbols: Sendable {
        /// Bytes, in GPT-2's alphabet.
        case bytes
        /// Characters, of which those without a token may become their bytes' tokens.
        case characters(ByteFallback?)
    }

    /// What stands for a symbol without a token; `nil`: it is left out.
    struct Unknown: Sendable {
        var token: Int32
        /// Whether unknown symbols in a row are one token.
        var fuses: Bool
    }

    private let symbols: Symbols
    private let merges: BytePairMerges
    private let index: TokenIndex
    private let unknown: Unknown?
    private let takesWholeWords: Bool

    init(
        _ merges: BytePairMerges,
        index: TokenIndex,
        symbols: Symbols,
        unknown: Unknown? = nil,
        takesWholeWords: Bool = false
    ) {
        (self.merges, self.index, self.symbols) = (merges, index, symbols)
        (self.unknown, self.takesWholeWords) = (unknown, takesWholeWords)
    }

    func append(_ text: PreTokenizedText, to output: inout [Int32]) {
        var merger = BytePairMerger(merges)
        var bytes: [UInt8] = []
        var symbols: [Int32] = []
        text.forEachWord { word in
            bytes.removeAll(keepingCapacity: true)
            for scalar in word { bytes.append(scalar) }
            if takesWholeWords, let token = wholeWord(bytes) {
                output.append(token)
                return
            }
            symbols.removeAll(keepingCapacity: true)
            appendSymbols(of: bytes, to: &symbols)
            merger.append(symbols, to: &output)
        }
    }

    private func wholeWord(_ bytes: [UInt8]) -> Int32? {
        guard case .bytes = symbols else { return index.id(of: bytes) }
        var spelling: [UInt8] = []
        for byte in bytes { spelling.append(ByteAlphabet.scalars[Int(byte)]) }
        return index.id(of: spelling)
    }

    private func appendSymbols(of word: [UInt8], to output: inout [Int32]) {
        var isAfterUnknown = false
        var start = 0
        while start < word.count {
            let token: Int32?
            var end = start + 1
            switch symbols {
            case .bytes:
                token = merges.byteTokens[Int(word[start])]
            case .characters(let byteFallback):
                end = start + word.scalar(at: start).byteCount
                token = index.id(of: start..<end, in: word)
                if token == nil, let tokens = byteFallback?.tokens(of: word[start..<end]) {
                    output += tokens
                    (start, isAfterUnknown) = (end, false)
                    continue
                }
            }
            if let token {
                output.append(token)
            } else if let unknown, !(unknown.fuses && isAfterUnknown) {
                output.append(unknown.token)
            }
            (start, isAfterUnknown) = (end, token == nil)
        }
    }
}
