/// Finds tokens by their bytes.
///
/// Keyed by UTF-8, for `String` takes canonically equivalent texts for equal. Open addressing, with
/// a seed of its own so that no file can make its tokens collide.
struct TokenIndex: Sendable {
    private var bytes: [UInt8] = []
    /// Where the bytes of each entry end.
    private var ends: [Int] = []
    private var ids: [Int32] = []
    /// Entry numbers, or `empty`; the count is a power of two.
    private var slots: [Int32]
    private let seed = UInt64.random(in: .min ... .max)

    private static let empty: Int32 = -1

    /// Indexes `tokens` by their position; of equal ones the first counts, empty ones do not.
    ///
    /// - Parameters:
    ///   - tokens: The text of each token.
    ///   - includes: Whether the token at a position can be found.
    init(_ tokens: [String], where includes: (Int) -> Bool = { _ in true }) {
        var slotCount = 16
        while slotCount < tokens.count * 2 { slotCount *= 2 }
        slots = [Int32](repeating: Self.empty, count: slotCount)
        bytes.reserveCapacity(tokens.reduce(0) { $0 + $1.utf8.count })
        ends.reserveCapacity(tokens.count)
        ids.reserveCapacity(tokens.count)
        for (id, token) in tokens.enumerated() where !token.isEmpty && includes(id) {
            insert(Array(token.utf8), id: Int32(id))
        }
    }

    /// The token that the bytes of `text` in `range` spell.
    ///
    /// - Complexity: O(*n*) in the length of the range, expected.
    func id(of range: Range<Int>, in text: [UInt8]) -> Int32? {
        let entry = slots[slot(of: range, in: text)]
        return entry == Self.empty ? nil : ids[Int(entry)]
    }

    /// The token that `text` spells.
    func id(of text: [UInt8]) -> Int32? { id(of: text.indices, in: text) }

    private mutating func insert(_ token: [UInt8], id: Int32) {
        let slot = slot(of: token.indices, in: token)
        guard slots[slot] == Self.empty else { return }
        slots[slot] = Int32(ids.count)
        bytes += token
        ends.append(bytes.count)
        ids.append(id)
    }

    /// The slot that holds the key, or the empty one where it belongs.
    private func slot(of range: Range<Int>, in text: [UInt8]) -> Int {
        // FNV-1a, mixed once more because only the low bits count.
        var hash = seed
        for index in range { hash = (hash ^ UInt64(text[index])) &* 0x100_0000_01B3 }
        hash = (hash ^ (hash >> 29)) &* 0xBF58_476D_1CE4_E5B9
        var slot = Int(truncatingIfNeeded: hash >> 20) & (slots.count - 1)
        while slots[slot] != Self.empty, !isEqual(Int(slots[slot]), range, text) {
            slot = (slot + 1) & (slots.count - 1)
        }
        return slot
    }

    private func isEqual(_ entry: Int, _ range: Range<Int>, _ text: [UInt8]) -> Bool {
        let start = entry == 0 ? 0 : ends[entry - 1]
        guard ends[entry] - start == range.count else { return false }
        for offset in 0..<range.count
        where bytes[start + offset] != text[range.lowerBound + offset] { return false }
        return true
    }
}
