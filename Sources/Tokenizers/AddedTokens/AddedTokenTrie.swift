/// Finds added tokens in text: at each place the longest one.
///
/// A trie over the bytes of the tokens, so a search takes O(text · longest token) steps at most.
struct AddedTokenTrie: Sendable {
    private struct Entry {
        var control: Int32?
        var userDefined: Int32?
    }

    private struct Edge: Hashable {
        var node: Int32
        var byte: UInt8
    }

    private var edges: [Edge: Int32] = [:]
    private var entries = [Entry()]
    private var isFirstByte = [Bool](repeating: false, count: 256)

    /// Adds a token under a number; of equal texts of one type the first one counts.
    mutating func insert(_ text: some Sequence<UInt8>, number: Int32, isControl: Bool) {
        var node: Int32 = 0
        for byte in text {
            if node == 0 { isFirstByte[Int(byte)] = true }
            node = child(of: node, byte: byte)
        }
        guard node != 0 else { return }
        if isControl {
            entries[Int(node)].control = entries[Int(node)].control ?? number
        } else {
            entries[Int(node)].userDefined = entries[Int(node)].userDefined ?? number
        }
    }

    /// The number of the longest token that begins where `range` does and ends within it, and its
    /// end.
    func longestMatch(
        in bytes: [UInt8],
        _ range: Range<Int>,
        includesControl: Bool
    ) -> (number: Int, end: Int)? {
        guard isFirstByte[Int(bytes[range.lowerBound])] else { return nil }
        var node: Int32 = 0
        var match: (number: Int, end: Int)?
        for index in range {
            guard let next = edges[Edge(node: node, byte: bytes[index])] else { break }
            node = next
            let entry = entries[Int(node)]
            if let number = (includesControl ? entry.control : nil) ?? entry.userDefined {
                match = (Int(number), index + 1)
            }
        }
        return match
    }

    private mutating func child(of node: Int32, byte: UInt8) -> Int32 {
        let edge = Edge(node: node, byte: byte)
        if let child = edges[edge] { return child }
        let child = Int32(entries.count)
        entries.append(Entry())
        edges[edge] = child
        return child
    }
}
