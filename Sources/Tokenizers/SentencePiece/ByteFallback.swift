/// The tokens that spell single bytes, such as `<0x0A>`, for characters without a token.
struct ByteFallback: Sendable {
    private let tokens: [Int32?]

    /// Looks the tokens up by their names.
    init(_ tokens: [String], where includes: (Int) -> Bool = { _ in true }) {
        var found = [Int32?](repeating: nil, count: 256)
        for (id, token) in tokens.enumerated() {
            guard let byte = Self.byte(of: token), found[Int(byte)] == nil, includes(id) else {
                continue
            }
            found[Int(byte)] = Int32(id)
        }
        self.tokens = found
    }

    /// The tokens of all `bytes`; `nil` when one of them has none.
    func tokens(of bytes: some Sequence<UInt8>) -> [Int32]? {
        var result: [Int32] = []
        for byte in bytes {
            guard let token = tokens[Int(byte)] else { return nil }
            result.append(token)
        }
        return result
    }

    /// The byte that a token named `<0xHH>` stands for.
    static func byte(of token: String) -> UInt8? {
        let name = Array(token.utf8)
        guard name.count == 6, name.starts(with: "<0x".utf8), name[5] == UInt8(ascii: ">") else {
            return nil
        }
        guard let high = hexDigit(name[3]), let low = hexDigit(name[4]) else { return nil }
        return high << 4 | low
    }

    private static func hexDigit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 0x30...0x39: byte - 0x30
        case 0x41...0x46: byte - 0x41 + 10
        case 0x61...0x66: byte - 0x61 + 10
        default: nil
        }
    }
}
