/// SentencePiece's BPE: neighbours are merged in the order of the scores of what they become.
struct SentencePieceModel: TokenModel {
    private let pieces: ScoredPieces
    private let byteFallback: ByteFallback
    private let unknownToken: Int32?

    init(_ vocabulary: TokenizerVocabulary) throws(TokenizerError) {
        pieces = try ScoredPieces(vocabulary)
        byteFallback = ByteFallback(vocabulary.tokens) { id in
            vocabulary.types.isEmpty || vocabulary.type(of: id) == .byte
        }
        unknownToken = vocabulary.unknownToken
    }

    func append(_ text: PreTokenizedText, to output: inout [Int32]) {
        text.forEachWord { word in
            var bytes: [UInt8] = []
            for scalar in word { bytes.append(scalar) }
            append(bytes, to: &output)
        }
    }

    private func append(_ text: [UInt8], to output: inout [Int32]) {
        var merger = ScoredPieceMerger(pieces, text)
        var isAfterUnknown = false
        for stretch in merger.merged() {
            if let token = pieces.id(of: stretch, in: text) {
                output.append(token)
                isAfterUnknown = false
            } else if let tokens = byteFallback.tokens(of: text[stretch]) {
                output += tokens
                isAfterUnknown = false
            } else if let unknownToken, !isAfterUnknown {
                // Unknown characters in a row are one token, as in SentencePiece.
                output.append(unknownToken)
                isAfterUnknown = true
            }
        }
    }
}
