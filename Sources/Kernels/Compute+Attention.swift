internal import CKernels

extension Compute {
    /// Rows that a task takes, a row a query and head: as many as share a key while it is in L1.
    private static let attentionRows = 36

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
    ///   - next: What the output is multiplied with: it is rounded on the way for weights that want that.
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
        into output: inout Activations,
        roundedFor next: WeightMatrix? = nil
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
        let (q, out) = unsafe (query.base, output.mutableBase)
        let runs = runs(of: heads, groupSize: groupSize)
        let queries = max(1, Self.attentionRows / min(groupSize, heads.count))
        let tiles = sequences.flatMap { sequence in
            stride(from: 0, to: sequence.rowCount, by: queries).map { (sequence, first: $0) }
        }
        let views = unsafe runs.map { run in
            let kvHead = Int(heads[run.lowerBound]) / groupSize
            let first = unsafe store.block(0, layer: layer, kvHead: kvHead)
            return unsafe kn_keys(
                format: store.format.code,
                keys: first.keys,
                values: first.values,
                block_stride: store.blockStride(ofHead: kvHead),
                block_size: store.blockSize,
                heads: run.count
            )
        }
        let nodeTasks =
            nodes.isSpread && !tiles.isEmpty
            ? tasksByNode(
                store.headShares,
                runs.map { heads[$0.lowerBound] / Int32(groupSize) },
                tileCount: tiles.count
            ) : nil
        // A sequence's heads lie beside each other in its blocks, so one task reads them faster.
        let fewest = pool.threadCount == 1 ? 1 : 2 * pool.threadCount
        let together =
            nodeTasks == nil && tiles.count == sequences.count
            ? max(1, tiles.count * runs.count / fewest) : 1
        let parts = (runs.count + together - 1) / together
        var rounded = roundingRoom(in: output, for: next)
        if let rows = rounded,
            !(0..<parts).allSatisfy({
                (runs[$0 * together].lowerBound * width).isMultiple(of: rows.together)
            })
        {
            rounded = nil
        }
        pool.run(taskCount: tiles.count * parts, shares: nodeTasks?.shares) { task in
            let (tile, part) =
                nodeTasks?.place(of: task) ?? task.quotientAndRemainder(dividingBy: parts)
            let (sequence, first) = tiles[tile]
            let own = part * together..<min(runs.count, (part + 1) * together)
            let offset =
                (sequence.firstRow + first) * rowWidth + runs[own.lowerBound].lowerBound * width
            // SAFETY: heads, layer, rows and blocks are checked above; tasks write disjoint parts of
            // the output, and all memory outlives the call.
            unsafe views.withUnsafeBufferPointer { views in
                unsafe blockTable.withUnsafeBufferPointer { table in
                    guard let views = views.baseAddress, let table = table.baseAddress else {
                        return
                    }
                    unsafe kernels.attention(
                        out + offset,
                        rowWidth,
                        q + offset,
                        rowWidth,
                        min(queries, sequence.rowCount - first),
                        sequence.firstPosition + first,
                        window ?? 0,
                        views + own.lowerBound,
                        own.count,
                        table + sequence.firstBlock,
                        width,
                        scale
                    )
                }
            }
            guard let rounded else { return }
            let columns =
                runs[own.lowerBound].lowerBound * width..<runs[own.upperBound - 1].upperBound
                * width
            let firstRow = sequence.firstRow + first
            for row in firstRow..<firstRow + min(queries, sequence.rowCount - first) {
                let made = unsafe out + row * rowWidth + columns.lowerBound
                unsafe rounded.write(
                    made,
                    count: columns.count,
                    to: row,
                    from: columns.lowerBound,
                    kernels
                )
            }
        }
        if rounded != nil { output.quantised.complete() }
    }

    /// The tasks by the node of their key-value head; nil: the store lies together, or the heads mix
    /// the nodes.
    private func tasksByNode(
        _ shares: NodeShares,
        _ kvHeads: [Int32],
        tileCount: Int
    ) -> NodeTasks? {
        guard shares.nodeCount == nodes.parts.count else { return nil }
        return shares.shares(of: kvHeads).map { NodeTasks(tileCount: tileCount, runs: $0) }
    }

    /// Runs of successive query heads that read the same key-value head.
    private func runs(of heads: [Int32], groupSize: Int) -> [Range<Int>] {
        var runs: [Range<Int>] = []
        for (index, head) in heads.enumerated() {
            if let last = runs.last,
                Int(heads[last.lowerBound]) / groupSize == Int(head) / groupSize
            {
                runs[runs.count - 1] = last.lowerBound..<index + 1
            } else {
                runs.append(index..<index + 1)
            }
        }
        return runs
    }
}
