internal import CKernels

extension Compute {
    /// Query rows a task takes: eight tiles of four.
    private static let attentionRows = 32

    /// Causal attention of the kept query heads, streamed over the cache's blocks.
    ///
    /// - Parameters:
    ///   - query: `[rows, kept heads × headDim]`, compact in the order of `heads`.
    ///   - heads: Kept query heads; head `h` reads key-value head `h / groupSize`.
    ///   - groupSize: Query heads a key-value head.
    ///   - scale: Multiplies query · key.
    ///   - window: A query sees itself and the keys before it, so many in all; nil: all of them.
    ///   - store: Keys and values.
    ///   - layer: Layer of the store.
    ///   - sequences: Runs of query rows that together cover all rows.
    ///   - blockTable: Block ids of all sequences.
    ///   - output: Reshaped to the query's shape.
    public func attention(
        query: borrowing Activations,
        heads: [Int32],
        groupSize: Int,
        scale: Float,
        window: Int? = nil,
        store: borrowing KVStore,
        layer: Int,
        sequences: [AttentionSequence],
        blockTable: [Int32],
        into output: inout Activations
    ) {
        let (width, rowWidth) = (store.headDimension, query.width)
        precondition(rowWidth == heads.count * width, "the query is [rows, kept heads × headDim]")
        precondition(window.map { $0 > 0 } ?? true, "a query sees itself")
        precondition(layer >= 0 && layer < store.layerCount, "layer out of range")
        precondition(
            heads.allSatisfy { $0 >= 0 && Int($0) / groupSize < store.kvHeadCount },
            "head out of range"
        )
        precondition(
            blockTable.allSatisfy { $0 >= 0 && $0 < store.blockCount },
            "block out of range"
        )
        for sequence in sequences {
            let last = (sequence.firstPosition + sequence.rowCount - 1) / store.blockSize
            precondition(
                sequence.rowCount > 0 && sequence.firstRow + sequence.rowCount <= query.rowCount
                    && sequence.firstBlock + last < blockTable.count,
                "a sequence lies outside the rows or the block table"
            )
        }
        output.reshape(rowCount: query.rowCount, width: rowWidth)
        let kernels = unsafe kernels
        let (q, out) = unsafe (query.base, output.base)
        let keys = unsafe store.keys(layer: layer, kvHead: 0)
        let headStride = store.blockSize * width
        let (valueOffset, blockStride) = (store.valueOffset, store.blockStride)
        let blockSize = store.blockSize
        let tiles = sequences.flatMap { sequence in
            firstRows(sequence).map { (sequence, first: $0) }
        }
        pool.run(taskCount: tiles.count * heads.count) { task in
            let (tile, index) = task.quotientAndRemainder(dividingBy: heads.count)
            let (sequence, first) = tiles[tile]
            let row = sequence.firstRow + first
            let offset = row * rowWidth + index * width
            // SAFETY: heads, layer, rows and blocks are checked above; tasks write disjoint parts of
            // the output, and all memory outlives the call.
            unsafe blockTable.withUnsafeBufferPointer { table in
                guard let table = table.baseAddress else { return }
                let key = unsafe keys + Int(heads[index]) / groupSize * headStride
                unsafe kernels.attention(
                    out + offset,
                    rowWidth,
                    q + offset,
                    rowWidth,
                    min(Self.attentionRows, sequence.rowCount - first),
                    sequence.firstPosition + first,
                    window ?? 0,
                    key,
                    key + valueOffset,
                    blockStride,
                    blockSize,
                    table + sequence.firstBlock,
                    width,
                    scale
                )
            }
        }
    }

    private func firstRows(_ sequence: AttentionSequence) -> StrideTo<Int> {
        stride(from: 0, to: sequence.rowCount, by: Self.attentionRows)
    }
}
