internal import CKernels

/// The products with a matrix whose rows lie on several nodes: each node works on its own.
extension Compute {
    /// The units of a product by the node that has their rows.
    ///
    /// - Parameters:
    ///   - weight: The matrix.
    ///   - keeping: Its rows to use; nil: all.
    /// - Returns: Shares of the list, or of all rows; nil where the rows lie together, or where a list
    ///   that does not ascend mixes them.
    func shares(of weight: WeightMatrix, keeping: [Int32]?) -> NodeShares? {
        guard let rows = weight.rowShares, rows.nodeCount == nodes.parts.count else { return nil }
        return keeping.map { rows.shares(of: $0) } ?? rows
    }

    /// A task takes a tile of tokens and a run of one node's units.
    func splitByNode(
        _ shares: NodeShares,
        tokens: Int,
        tile: Int,
        run: Int,
        _ body: (_ token: Int, _ height: Int, _ first: Int, _ length: Int) -> Void
    ) {
        guard tokens > 0, shares.count > 0 else { return }
        let runs = NodeShares(
            counts: (0..<shares.nodeCount).map { (shares[$0].count + run - 1) / run }
        )
        let tasks = NodeTasks(tileCount: (tokens + tile - 1) / tile, runs: runs)
        pool.run(taskCount: tasks.shares.count, shares: tasks.shares) { task in
            let (tileIndex, index) = tasks.place(of: task)
            let node = runs.node(of: index)
            let (token, units) = (tileIndex * tile, shares[node])
            let first = units.lowerBound + (index - runs[node].lowerBound) * run
            body(token, min(tile, tokens - token), first, min(run, units.upperBound - first))
        }
    }

    /// `selectIn` as a sum for each node over its own kept rows, added up in the order of the nodes.
    ///
    /// The first node's sum starts from what the output holds, the others' from zero.
    func selectInByNode(
        _ input: borrowing Activations,
        _ weight: WeightMatrix,
        keeping: [Int32]?,
        shares: NodeShares,
        addingTo output: inout Activations
    ) {
        let isQuantised = weight.format.isQuantised
        precondition(weight.outputsAreColumns || !isQuantised, "the columns' units")
        let (tokens, width) = (input.rowCount, output.width)
        let busy = (0..<shares.nodeCount).filter { !shares[$0].isEmpty }
        guard let first = busy.first, tokens > 0, let nodeScratch else { return }
        let (kernels, x, y) = unsafe (kernels, input.base, output.mutableBase)
        nodeScratch.lend { parts in
            let quantised = isQuantised ? quantise(input, for: weight.format, shares, parts) : []
            let sums = unsafe parts.indices.map {
                unsafe $0 == first ? y : parts[$0].sums(shares[$0].isEmpty ? 0 : tokens * width)
            }
            unsafe withKept(keeping) { kept in
                let operands = parts.indices.map { node in
                    let rows = shares[node]
                    return unsafe NodeOperand(
                        weight: weight.view(from: kept == nil ? rows.lowerBound : 0),
                        kept: kept.map { unsafe $0 + rows.lowerBound },
                        rowCount: rows.count,
                        input: x + rows.lowerBound,
                        inputStride: shares.count,
                        quantised: isQuantised ? quantised[node] : nil
                    )
                }
                unsafe addUp(operands, tokens: tokens, width: width, keeping: first, into: sums)
            }
            forEachRow(tokens) { row in
                for node in busy.dropFirst() {
                    // SAFETY: sums are [tokens, width]; every row of the output is written by one task.
                    unsafe kernels.add(y + row * width, sums[node] + row * width, width)
                }
            }
        }
    }

    /// Adds each node's products to its sums, `[tokens, width]`, after clearing all but `first`'s.
    private func addUp(
        _ operands: [NodeOperand],
        tokens: Int,
        width: Int,
        keeping first: Int,
        into sums: [UnsafeMutablePointer<Float>]
    ) {
        let isQuantised = operands[0].quantised != nil
        let tile = isQuantised ? Self.roundTokens : Self.taskTokens
        // Strips of whole tiles and groups; a few a worker, over all nodes.
        let strip =
            tokens > Self.taskTokens && !isQuantised
            ? width : runLength(width, grain: 64, runsPerWorker: max(1, 4 / operands.count))
        let stripCount = (width + strip - 1) / strip
        let strips = NodeShares(counts: operands.map { $0.rowCount > 0 ? stripCount : 0 })
        let tasks = NodeTasks(tileCount: (tokens + tile - 1) / tile, runs: strips)
        let kernels = unsafe kernels
        pool.run(taskCount: tasks.shares.count, shares: tasks.shares) { task in
            let (tileIndex, index) = tasks.place(of: task)
            let node = strips.node(of: index)
            let (token, column) = (tileIndex * tile, index % stripCount * strip)
            let rows = token..<min(token + tile, tokens)
            let columns = column..<min(column + strip, width)
            // SAFETY: sizes are checked by the entry point; tasks write disjoint parts of disjoint sums,
            // and all memory outlives the call.
            for row in rows where node != first {
                unsafe (sums[node] + row * width + columns.lowerBound)
                    .update(repeating: 0, count: columns.count)
            }
            unsafe operands[node].add(
                to: sums[node],
                width: width,
                tokens: rows,
                columns: columns,
                kernels
            )
        }
    }

    /// Turns each node's share of the input into whole numbers.
    private func quantise(
        _ input: borrowing Activations,
        for format: WeightFormat,
        _ shares: NodeShares,
        _ parts: [NodeScratch.Part]
    ) -> [QuantisedRows] {
        let (kernels, x, width) = unsafe (kernels, input.base, input.width)
        return parts.indices.map { node in
            let share = shares[node]
            let rows = parts[node].input.room(
                rowCount: input.rowCount,
                width: share.count,
                rounding: unsafe kernels.rounding(for: format, outputsAreColumns: true)
            )
            forEachRow(input.rowCount) { row in
                unsafe rows.write(
                    x + row * width + share.lowerBound,
                    count: share.count,
                    to: row,
                    kernels
                )
            }
            return rows
        }
    }
}
