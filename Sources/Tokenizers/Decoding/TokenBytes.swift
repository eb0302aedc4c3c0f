/// The bytes of every token, in one buffer.
struct TokenBytes: Sendable {
    private var bytes: [UInt8] = []
    private var ends: [Int] = []

    init(_ parts: TokenizerParts) {
        let added = Set(parts.addedTokens.map(\.id))
        ends.reserveCapacity(parts.tokens.count)
        for (id, token) in parts.tokens.enumerated() {
            bytes += parts.spelling.bytes(of: token, isAdded: added.contains(Int32(id)))
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
