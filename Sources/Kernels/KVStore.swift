internal import CKernels
import Foundation

/// Keys and values of all layers in blocks: `[layer][block][kvHead]`, and within a block of one head
/// as `kn_keys` has it: keys transposed, 16 positions beside each other.
///
/// The memory is mapped, so blocks that are never written cost nothing.
///
/// Over several nodes each has a run of the heads, as it has of the rows of q and o, with a layout of
/// its own; so the head is where a cache can be parted without a say in which blocks a sequence gets,
/// and a sequence, however long, is read by all nodes at once.
///
/// `@unchecked Sendable`: the memory has one owner, and `~Copyable` keeps it so.
@safe
public struct KVStore: ~Copyable, @unchecked Sendable {
    /// Layers kept apart.
    public let layerCount: Int
    /// Blocks a layer.
    public let blockCount: Int
    /// Positions a block; a multiple of `positionGranule`.
    public let blockSize: Int
    /// Key-value heads.
    public let kvHeadCount: Int
    /// Width of a head.
    public let headDimension: Int
    /// How entries are stored.
    public let format: KVFormat
    /// The heads of each node; of one node: all.
    let headShares: NodeShares
    /// Where each node's heads start.
    private let bases: [UnsafeMutableRawPointer]
    private let mappedByteCount: Int
    private let nodes: NodePlan

    /// Bytes of one position of one layer: a key and a value.
    public static func positionByteCount(
        kvHeadCount: Int,
        headDimension: Int,
        format: KVFormat
    ) -> Int {
        2 * kvHeadCount * stride(of: headDimension) * format.byteCount
    }

    /// What a block's size is a multiple of.
    public static var positionGranule: Int { Int(KN_KEY_LANES) }

    /// Maps memory for all blocks.
    ///
    /// - Parameters:
    ///   - layerCount: Layers kept apart.
    ///   - blockCount: Blocks a layer.
    ///   - blockSize: Positions a block; a multiple of `positionGranule`.
    ///   - kvHeadCount: Key-value heads.
    ///   - headDimension: Width of a head.
    ///   - format: How entries are stored.
    ///   - nodes: Whose memory shares the heads; nil: no node's in particular.
    /// - Throws: `KernelError.outOfMemory` when the sizes overflow or the system refuses.
    public init(
        layerCount: Int,
        blockCount: Int,
        blockSize: Int,
        kvHeadCount: Int,
        headDimension: Int,
        format: KVFormat = .f32,
        nodes: NodePlan? = nil
    ) throws(KernelError) {
        precondition(
            min(layerCount, blockCount, blockSize, kvHeadCount, headDimension) > 0,
            "every size is positive"
        )
        precondition(blockSize % Self.positionGranule == 0, "blocks of whole runs of positions")
        precondition(headDimension <= 512, "the attention kernels take heads up to 512 wide")
        var byteCount = 2 * format.byteCount
        let width = Self.stride(of: headDimension)
        for size in [layerCount, blockCount, blockSize, kvHeadCount, width] {
            let (product, overflow) = byteCount.multipliedReportingOverflow(by: size)
            guard !overflow else { throw .outOfMemory(byteCount: .max) }
            byteCount = product
        }
        let nodes = nodes ?? .none
        let headShares =
            nodes.isSpread ? nodes.shares(kvHeadCount) : NodeShares(counts: [kvHeadCount])
        let places =
            nodes.isSpread
            ? headShares.scaled(by: byteCount / kvHeadCount).pageStarts : [0, byteCount]
        byteCount = places[headShares.nodeCount]
        // SAFETY: a fresh anonymous mapping; the result is compared with MAP_FAILED before use.
        let mapping = unsafe mmap(
            nil,
            byteCount,
            PROT_READ | PROT_WRITE,
            MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
            -1,
            0
        )
        guard let mapping = unsafe mapping, unsafe mapping != MAP_FAILED else {
            throw .outOfMemory(byteCount: byteCount)
        }
        unsafe bases = (0..<headShares.nodeCount).map { unsafe mapping + places[$0] }
        for (node, part) in nodes.parts.enumerated() where places[node] < places[node + 1] {
            let size = places[node + 1] - places[node]
            unsafe NodePages.bind(bases[node], byteCount: size, to: part.node)
        }
        mappedByteCount = byteCount
        self.headShares = headShares
        self.nodes = nodes
        self.layerCount = layerCount
        self.blockCount = blockCount
        self.blockSize = blockSize
        self.kvHeadCount = kvHeadCount
        self.headDimension = headDimension
        self.format = format
    }

    deinit {
        // SAFETY: the mapping of `init`, whose only owner this is.
        unsafe munmap(bases[0], mappedByteCount)
    }

    /// An empty store of another number of blocks.
    ///
    /// - Throws: As `init`.
    public func resized(blockCount: Int) throws(KernelError) -> KVStore {
        try KVStore(
            layerCount: layerCount,
            blockCount: blockCount,
            blockSize: blockSize,
            kvHeadCount: kvHeadCount,
            headDimension: headDimension,
            format: format,
            nodes: nodes
        )
    }

    /// Bytes mapped for keys and values.
    public var byteCount: Int { mappedByteCount }

    /// Entries from one value to the next: a head filled up to whole runs.
    private static func stride(of headDimension: Int) -> Int {
        (headDimension + positionGranule - 1) / positionGranule * positionGranule
    }

    /// Entries of one head's keys in a block.
    private var headStride: Int { blockSize * Self.stride(of: headDimension) }

    /// Entries from one block to the next, on the node of a head.
    func blockStride(ofHead kvHead: Int) -> Int {
        headShares[headShares.node(of: kvHead)].count * headStride
    }

    /// Stores one row of keys and of values, `[kvHeads × headDim]`, at a slot: `block × blockSize + offset`.
    ///
    /// Threads may do so at once, each at slots of its own.
    func write(
        key: UnsafePointer<Float>,
        value: UnsafePointer<Float>,
        slot: Int,
        layer: Int
    ) {
        let (block, offset) = slot.quotientAndRemainder(dividingBy: blockSize)
        for head in 0..<kvHeadCount {
            let first = head * headDimension
            // SAFETY: the caller has checked slot and layer; the rows are as wide as all heads.
            let place = unsafe self.block(block, layer: layer, kvHead: head)
            unsafe kn_store_key_value(
                format.code,
                place.keys,
                place.values,
                offset,
                key + first,
                value + first,
                headDimension
            )
        }
    }

    /// First key of a block's head, and its first value.
    func block(
        _ block: Int,
        layer: Int,
        kvHead: Int
    ) -> (keys: UnsafeMutableRawPointer, values: UnsafeMutableRawPointer) {
        let node = headShares.node(of: kvHead)
        let heads = headShares[node]
        let blockStride = heads.count * headStride
        let entry =
            (layer * blockCount + block) * blockStride + (kvHead - heads.lowerBound) * headStride
        let keys = unsafe bases[node] + entry * format.byteCount
        return unsafe (keys, keys + layerCount * blockCount * blockStride * format.byteCount)
    }
}

extension NodeShares {
    /// Where the shares start, counted in bytes, when each starts on a page; and where the last ends.
    fileprivate var pageStarts: [Int] {
        let page = NodePages.pageByteCount
        return (0..<nodeCount).reduce(into: [0]) { starts, node in
            starts.append(starts[node] + (self[node].count + page - 1) / page * page)
        }
    }
}
