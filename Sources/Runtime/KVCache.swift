public import Kernels
public import ProbeScheduler

/// Keys and values of past tokens, in blocks that sequences own through block tables.
///
/// Keys and values are always computed in full, whatever the mask was, so a mask may change at any
/// step without a hole in the past.
public struct KVCache: ~Copyable {
    private var store: KVStore

    /// Tokens a block holds; a multiple of `KVStore.positionGranule`.
    ///
    /// Sixteen is the least that the attention kernel takes, and wastes at most fifteen slots a sequence.
    public static let defaultBlockSize = 16

    /// Maps memory for a cache; blocks that are never written cost nothing.
    ///
    /// - Parameters:
    ///   - layerCount: Layers that are kept apart. A cache of one layer serves passes that only score,
    ///     because nothing decodes from it: every layer overwrites the one before.
    ///   - blockCount: Blocks of `blockSize` tokens.
    ///   - blockSize: Tokens a block holds.
    ///   - format: How entries are stored.
    ///   - shape: Heads and their width.
    ///   - nodes: Whose memory shares the heads; nil: no node's in particular.
    /// - Throws: `KernelError` when the memory cannot be mapped.
    public init(
        layerCount: Int,
        blockCount: Int,
        blockSize: Int = KVCache.defaultBlockSize,
        format: KVFormat = .f32,
        shape: ModelShape,
        nodes: NodePlan? = nil
    ) throws(KernelError) {
        store = try KVStore(
            layerCount: layerCount,
            blockCount: blockCount,
            blockSize: blockSize,
            kvHeadCount: shape.kvHeadCount,
            headDimension: shape.headDimension,
            format: format,
            nodes: nodes
        )
    }

    /// Tokens a block holds.
    public var blockSize: Int { store.blockSize }

    /// Layers that are kept apart.
    var layerCount: Int { store.layerCount }

    /// Blocks in all.
    public var blockCount: Int { store.blockCount }

    /// Bytes mapped, most of them untouched.
    public var byteCount: Int { store.byteCount }

    /// Makes room for at least `blockCount` blocks; what the cache held is lost when it grows.
    ///
    /// - Throws: `KernelError` when the memory cannot be mapped.
    mutating func reserve(blockCount: Int) throws(KernelError) {
        guard blockCount > store.blockCount else { return }
        store = try store.resized(blockCount: blockCount)
    }

    /// Norms and rotates queries, `[tokens, heads × headDim]`, and keys, `[tokens, kvHeads × headDim]`, and
    /// stores the keys and their values.
    mutating func place(
        queries: inout Activations,
        keys: inout Activations,
        values: borrowing Activations,
        _ placement: HeadPlacement,
        angles: borrowing Activations,
        layer: Int,
        batch: ForwardBatch,
        compute: Compute
    ) {
        compute.placeHeads(
            queries: &queries,
            keys: &keys,
            values: values,
            placement,
            angles: angles,
            slots: batch.slots,
            in: &store,
            layer: storeLayer(layer)
        )
    }

    /// Attention of the given query heads over what the batch's sequences have cached, or over the
    /// last `window` positions of it, rounded for the weight that is next.
    func attend(
        _ query: borrowing Activations,
        heads: [Int32],
        groupSize: Int,
        scale: Float,
        window: Int?,
        layer: Int,
        batch: ForwardBatch,
        into output: inout Activations,
        roundedFor next: WeightMatrix? = nil,
        compute: Compute
    ) {
        compute.attention(
            query: query,
            heads: heads,
            groupSize: groupSize,
            scale: scale,
            window: window,
            store: store,
            layer: storeLayer(layer),
            sequences: batch.sequences,
            blockTable: batch.blockTable,
            into: &output,
            roundedFor: next
        )
    }

    private func storeLayer(_ layer: Int) -> Int { min(layer, store.layerCount - 1) }
}
