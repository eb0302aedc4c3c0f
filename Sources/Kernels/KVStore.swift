import Foundation

/// Keys and values of all layers in blocks: `[layer][block][kvHead][position in block][headDim]`.
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
    /// Positions a block; at least 1.
    public let blockSize: Int
    /// Key-value heads.
    public let kvHeadCount: Int
    /// Width of a head.
    public let headDimension: Int
    private let base: UnsafeMutablePointer<Float>
    private let mappedByteCount: Int

    /// Maps memory for all blocks.
    ///
    /// - Throws: `KernelError.outOfMemory` when the sizes overflow or the system refuses.
    public init(
        layerCount: Int,
        blockCount: Int,
        blockSize: Int,
        kvHeadCount: Int,
        headDimension: Int
    ) throws(KernelError) {
        precondition(
            min(layerCount, blockCount, blockSize, kvHeadCount, headDimension) > 0,
            "every size is positive"
        )
        precondition(headDimension <= 512, "the attention kernels take heads up to 512 wide")
        var byteCount = 2 * MemoryLayout<Float>.stride
        for size in [layerCount, blockCount, blockSize, kvHeadCount, headDimension] {
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
        unsafe base = mapping.bindMemory(
            to: Float.self,
            capacity: byteCount / MemoryLayout<Float>.stride
        )
        mappedByteCount = byteCount
        self.layerCount = layerCount
        self.blockCount = blockCount
        self.blockSize = blockSize
        self.kvHeadCount = kvHeadCount
        self.headDimension = headDimension
    }

    deinit {
        // SAFETY: the mapping of `init`, whose only owner this is.
        unsafe munmap(base, mappedByteCount)
    }

    /// Bytes mapped for keys and values.
    public var byteCount: Int { mappedByteCount }

    /// Entries from one block to the next.
    var blockStride: Int { kvHeadCount * blockSize * headDimension }

    /// First key of a layer's head; the values lie `valueOffset` entries further.
    func keys(layer: Int, kvHead: Int) -> UnsafePointer<Float> {
        let entry = layer * blockCount * blockStride + kvHead * blockSize * headDimension
        return unsafe UnsafePointer(base + entry)
    }

    /// Entries from the keys to the values.
    var valueOffset: Int { layerCount * blockCount * blockStride }

    /// Stores one row of keys and of values a slot.
    ///
    /// - Parameters:
    ///   - layer: In `0..<layerCount`.
    ///   - keys: `[rows, kvHeadCount × headDimension]`.
    ///   - values: Likewise.
    ///   - slots: `block × blockSize + offset` of each row.
    public mutating func write(
        layer: Int,
        keys: borrowing Activations,
        values: borrowing Activations,
        slots: [Int32]
    ) {
        let width = kvHeadCount * headDimension
        precondition(layer >= 0 && layer < layerCount, "layer out of range")
        precondition(keys.rowCount == slots.count && keys.width == width, "[slots, width]")
        precondition(values.rowCount == slots.count && values.width == width, "[slots, width]")
        for (row, slot) in slots.enumerated() {
            precondition(slot >= 0 && Int(slot) < blockCount * blockSize, "slot out of range")
            let (block, offset) = Int(slot).quotientAndRemainder(dividingBy: blockSize)
            for head in 0..<kvHeadCount {
                let source = row * width + head * headDimension
                let entry = (layer * blockCount + block) * blockStride
                let target = unsafe base + entry + (head * blockSize + offset) * headDimension
                // SAFETY: layer, slot and shapes are checked above; the memories never overlap.
                unsafe target.update(from: keys.base + source, count: headDimension)
                unsafe (target + valueOffset).update(
                    from: values.base + source,
                    count: headDimension
                )
            }
        }
    }
}
