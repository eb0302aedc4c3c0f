/// Byte-level BPE: words of a pattern, whose bytes are merged in the order of their ranks.
struct BytePairModel: TokenModel {
    private let preTokenizer: any PreTokenizer
    private let merges: BytePairMerges

    init(_ vocabulary: TokenizerVocabulary) throws(TokenizerError) {
        preTokenizer = try Tokenizers.preTokenizer(named: vocabulary.preTokenizer)
        merges = try BytePairMerges(vocabulary)
    }

    func append(_ text: [UInt8], to output: inout [Int32]) {
        let scalars = Array(String(decoding: text, as: UTF8.self).unicodeScalars)
        var ends: [Int] = []
        preTokenizer.appendWordEnds(of: scalars[...], to: &ends)
        var merger = BytePairMerger(merges)
        var (start, firstByte) = (0, 0)
        for end in ends {
            let width = scalars[start..<end].reduce(0) { $0 + UTF8.width($1) }
            merger.append(text[firstByte..<(firstByte + width)], to: &output)
            (start, firstByte) = (end, firstByte + width)
        }
    }

    func bytes(ofNormal token: String) -> [UInt8] { ByteAlphabet.bytes(of: token) }
}
