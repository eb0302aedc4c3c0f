/// The bytes of every token, in one buffer.
struct TokenBytes: Sendable {
    private var bytes: [UInt8] = []
    private var ends: [Int] = []

    init(_ vocabulary: TokenizerVocabulary, model: any TokenModel) {
        ends.reserveCapacity(vocabulary.tokens.count)
        for (id, token) in vocabulary.tokens.enumerated() {
            switch vocabulary.type(of: id) {
            case .control, .userDefined, .unknown: bytes.append(contentsOf: token.utf8)
            case .normal, .unused, .byte: bytes.append(contentsOf: model.bytes(ofNormal: token))
            }
            ends.append(bytes.count)
        }
    }

    /// The bytes of `token`; none when there is no such token.
    subscript(token: Int32) -> ArraySlice<UInt8> {
        let id = Int(token)
        guard ends.indices.contains(id) else { return [] }
        return bytes[(id == 0 ? 0 : ends[id - 1])..<ends[id]]
    }
}
