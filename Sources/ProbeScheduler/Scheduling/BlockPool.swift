/// The free blocks of a KV cache.
public struct BlockPool: Sendable {
    /// Blocks in all.
    public let blockCount: Int
    /// Free block ids; the last is given out next.
    private var free: [Int32]

    /// A pool whose blocks are all free.
    public init(blockCount: Int) {
        self.blockCount = blockCount
        free = (0..<Int32(blockCount)).reversed()
    }

    /// Blocks that are free.
    public var freeCount: Int { free.count }

    /// Takes `count` blocks; nil, and nothing taken, when there are fewer.
    public mutating func allocate(_ count: Int) -> [Int32]? {
        guard count <= free.count else { return nil }
        let taken = free.suffix(count).reversed()
        free.removeLast(count)
        return Array(taken)
    }

    /// Gives blocks back.
    public mutating func release(_ blocks: [Int32]) {
        free += blocks.reversed()
        precondition(free.count <= blockCount, "a block was given back twice")
    }
}
