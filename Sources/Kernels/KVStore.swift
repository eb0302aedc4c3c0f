internal import CKernels
import Foundation

/// Keys and values of all layers in blocks: `[layer][block][kvHead]`, and within a block of one head
/// as `kn_keys` has it: keys transposed, 16 positions beside each other.
///
/// The memory is mapped, so blocks that are never written cost nothing.
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
    private let base: UnsafeMutableRawPointer
    private let mappedByteCount: Int

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
    /// - Throws: `KernelError.outOfMemory` when the sizes overflow or the system refuses.
    public init(
        layerCount: Int,
        blockCount: Int,
        blockSize: Int,
        kvHeadCount: Int,
        headDimension: Int,
        format: KVFormat = .f32
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
        unsafe base = mapping
        mappedByteCount = byteCount
        self.layerCount = layerCount
        self.blockCount = blockCount
        self.blockSize = blockSize
        self.kvHeadCount = kvHeadCount
        self.headDimension = headDimension
        self.format = format
    }

    deinit {
        // SAFETY: the mapping of `init`, whose only owner this is.
        unsafe munmap(base, mappedByteCount)
    }

    /// Bytes mapped for keys and values.
    public var byteCount: Int { mappedByteCount }

    /// Entries from one value to the next: a head filled up to whole runs.
    private static func stride(of headDimension: Int) -> Int {
        (headDimension + positionGranule - 1) / positionGranule * positionGranule
    }

    /// Entries of one head's keys in a block.
    private var headStride: Int { blockSize * Self.stride(of: headDimension) }

    /// Entries from one block to the next.
    var blockStride: Int { kvHeadCount * headStride }

    /// First key of a block's head, and its first value.
    func block(
        _ block: Int,
        layer: Int,
        kvHead: Int
    ) -> (keys: UnsafeMutableRawPointer, values: UnsafeMutableRawPointer) {
        let entry = (layer * blockCount + block) * blockStride + kvHead * headStride
        let keys = unsafe base + entry * format.byteCount
        return unsafe (keys, keys + layerCount * blockCount * blockStride * format.byteCount)
    }
}
