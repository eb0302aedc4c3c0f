internal import CKernels

extension Compute {
    /// `output[t, i] = input[t, :] · weight[kept i, :]`: a product with the kept rows of a matrix.
    ///
    /// - Parameters:
    ///   - input: `[tokens, columns]`.
    ///   - weight: `[rows, columns]`.
    ///   - keeping: Rows to use, in any order; nil: all.
    ///   - output: Reshaped to `[tokens, kept]`.
    public func selectOut(
        _ input: borrowing Activations,
        _ weight: WeightMatrix,
        keeping: [Int32]?,
        into output: inout Activations
    ) {
        let product = unsafe product(of: input, weight, keeping, into: &output)
        if let blas = blas(for: weight, keeping: keeping) {
            return selectOut(by: blas, input, weight, into: &output)
        }
        guard !weight.format.isQuantised else {
            return unsafe selectOutQuantised(input, [product])
        }
        let (kernels, count) = unsafe (kernels, product.count)
        let (x, tokens, width) = unsafe (input.base, input.rowCount, input.width)
        let y = unsafe output.mutableBase
        unsafe withKept(keeping) { kept in
            splitRows(
                tokens: tokens,
                count: count,
                shares: shares(of: weight, keeping: keeping)
            ) { token, height, first, length in
                // SAFETY: sizes are checked above; tasks write disjoint parts of the output, and all
                // memory outlives the call.
                unsafe withUnsafePointer(to: weight.view) { view in
                    unsafe kernels.select_out(
                        y + token * count + first,
                        count,
                        x + token * width,
                        width,
                        height,
                        view,
                        kept.map { unsafe $0 + first },
                        first,
                        length
                    )
                }
            }
        }
    }

    /// `selectOut` of one input with the query, key and value projections; the results are those of three
    /// calls.
    ///
    /// With weights in whole numbers the workers share all rows at once: of few tokens they have little to
    /// do between one wait for each other and the next.
    ///
    /// - Parameters:
    ///   - input: `[tokens, columns]`.
    ///   - query: `[heads × headDim, columns]`.
    ///   - keeping: Rows of `query` to use, in any order; nil: all.
    ///   - key: `[kvHeads × headDim, columns]`, used whole.
    ///   - value: Likewise.
    ///   - queries: Reshaped to `[tokens, kept]`.
    ///   - keys: Reshaped to `[tokens, kvHeads × headDim]`.
    ///   - values: Likewise.
    public func selectOut(
        _ input: borrowing Activations,
        query: WeightMatrix,
        keeping: [Int32]?,
        key: WeightMatrix,
        value: WeightMatrix,
        queries: inout Activations,
        keys: inout Activations,
        values: inout Activations
    ) {
        let isOnNodes = query.rowShares != nil || key.rowShares != nil || value.rowShares != nil
        guard query.format.isQuantised, key.format == query.format, value.format == query.format,
            !isOnNodes
        else {
            selectOut(input, key, keeping: nil, into: &keys)
            selectOut(input, value, keeping: nil, into: &values)
            selectOut(input, query, keeping: keeping, into: &queries)
            return
        }
        unsafe selectOutQuantised(
            input,
            [
                product(of: input, query, keeping, into: &queries),
                product(of: input, key, nil, into: &keys),
                product(of: input, value, nil, into: &values),
            ]
        )
    }

    /// Checks and counts a product, and gives its output its shape.
    private func product(
        of input: borrowing Activations,
        _ weight: WeightMatrix,
        _ keeping: [Int32]?,
        into output: inout Activations
    ) -> OutwardProduct {
        precondition(input.width == weight.columnCount, "the input is as wide as the weight's rows")
        check(keeping, rowCount: weight.rowCount)
        count(tokens: input.rowCount, keeping, of: weight)
        let count = keeping?.count ?? weight.rowCount
        output.reshape(rowCount: input.rowCount, width: count)
        return unsafe OutwardProduct(
            weight: weight,
            keeping: keeping,
            count: count,
            output: output.mutableBase
        )
    }

    /// `output[t, i] = activation(input[t, :] · gate[kept i, :]) · (input[t, :] · up[kept i, :])`.
    ///
    /// - Parameters:
    ///   - input: `[tokens, columns]`.
    ///   - gate: `[rows, columns]`.
    ///   - up: Of the same shape and format as `gate`.
    ///   - activation: Applied to the gate.
    ///   - keeping: Rows to use, in any order; nil: all.
    ///   - output: Reshaped to `[tokens, kept]`.
    ///   - next: What the output is multiplied with: it is rounded on the way for weights that want that.
    public func gatedUnit(
        _ input: borrowing Activations,
        gate: WeightMatrix,
        up: WeightMatrix,
        activation: GateActivation = .silu,
        keeping: [Int32]?,
        into output: inout Activations,
        roundedFor next: WeightMatrix? = nil
    ) {
        precondition(input.width == gate.columnCount, "the input is as wide as the weights' rows")
        precondition(
            gate.rowCount == up.rowCount && gate.columnCount == up.columnCount
                && gate.format == up.format,
            "gate and up have one shape and one format"
        )
        check(keeping, rowCount: gate.rowCount)
        self.count(tokens: input.rowCount, keeping, of: gate)
        self.count(tokens: input.rowCount, keeping, of: up)
        if let blas = blas(for: gate, keeping: keeping) {
            return gatedUnit(
                by: blas,
                input,
                gate: gate,
                up: up,
                activation: activation,
                into: &output
            )
        }
        let count = keeping?.count ?? gate.rowCount
        output.reshape(rowCount: input.rowCount, width: count)
        guard !gate.format.isQuantised else {
            return gatedUnitQuantised(
                input,
                gate: gate,
                up: up,
                activation: activation,
                keeping: keeping,
                into: &output,
                roundedFor: next
            )
        }
        let kernels = unsafe kernels
        let (x, tokens, width) = unsafe (input.base, input.rowCount, input.width)
        let y = unsafe output.mutableBase
        unsafe withKept(keeping) { kept in
            splitRows(
                tokens: tokens,
                count: count,
                shares: shares(of: gate, keeping: keeping)
            ) { token, height, first, length in
                // SAFETY: as in `selectOut`.
                unsafe withUnsafePointer(to: gate.view) { gate in
                    unsafe withUnsafePointer(to: up.view) { up in
                        unsafe kernels.gated_unit(
                            y + token * count + first,
                            count,
                            x + token * width,
                            width,
                            height,
                            gate,
                            up,
                            activation.code,
                            kept.map { unsafe $0 + first },
                            first,
                            length
                        )
                    }
                }
            }
        }
    }

    /// `output[t, :] += Σ_i input[t, i] · weight[kept i, :]`: a product with the transposed kept rows.
    ///
    /// - Parameters:
    ///   - input: `[tokens, kept]`.
    ///   - weight: `[channels, columns]`.
    ///   - keeping: Rows to use; nil: all.
    ///   - output: `[tokens, columns]`, added to.
    public func selectIn(
        _ input: borrowing Activations,
        _ weight: WeightMatrix,
        keeping: [Int32]?,
        addingTo output: inout Activations
    ) {
        let count = keeping?.count ?? weight.rowCount
        precondition(input.width == count, "the input has one entry a kept row")
        precondition(
            output.rowCount == input.rowCount && output.width == weight.columnCount,
            "the output is [tokens, columns]"
        )
        check(keeping, rowCount: weight.rowCount)
        self.count(tokens: input.rowCount, keeping, of: weight)
        if let shares = shares(of: weight, keeping: keeping) {
            return selectInByNode(
                input,
                weight,
                keeping: keeping,
                shares: shares,
                addingTo: &output
            )
        }
        guard !weight.format.isQuantised else {
            return selectInQuantised(input, weight, keeping: keeping, addingTo: &output)
        }
        if let blas = blas(for: weight, keeping: keeping) {
            return selectIn(by: blas, input, weight, addingTo: &output)
        }
        let kernels = unsafe kernels
        let (x, tokens, width) = unsafe (input.base, input.rowCount, output.width)
        let y = unsafe output.mutableBase
        unsafe withKept(keeping) { kept in
            // Strips of 64 columns are whole cache lines and whole tiles of every instruction set. For
            // many tokens a task takes three, since each task rounds or reads all its tokens anew.
            let isMany = tokens > Self.taskTokens
            splitTiles(
                tokens: tokens,
                count: width,
                tile: Self.packTokens,
                run: runLength(width, grain: isMany ? 192 : 64)
            ) { token, height, first, length in
                // SAFETY: as in `selectOut`; tasks add to disjoint parts of the output.
                unsafe withUnsafePointer(to: weight.view) { view in
                    unsafe kernels.select_in(
                        y + token * width,
                        width,
                        x + token * count,
                        count,
                        height,
                        view,
                        kept,
                        count,
                        first,
                        length
                    )
                }
            }
        }
    }

    // MARK: - Tasks

    /// Many tokens: a task takes some tokens and all rows, or all of one node; few: all tokens and some
    /// rows.
    private func splitRows(
        tokens: Int,
        count: Int,
        shares: NodeShares?,
        _ body: (Int, Int, Int, Int) -> Void
    ) {
        let run = tokens > Self.taskTokens ? max(1, count) : runLength(count, grain: 16)
        if let shares {
            splitByNode(shares, tokens: tokens, tile: Self.taskTokens, run: run, body)
        } else {
            splitTiles(tokens: tokens, count: count, tile: Self.taskTokens, run: run, body)
        }
    }

    /// A task takes up to `tile` tokens, as even as whole tiles of the kernels allow, and `run` outputs.
    private func splitTiles(
        tokens: Int,
        count: Int,
        tile: Int,
        run: Int,
        _ body: (_ token: Int, _ height: Int, _ first: Int, _ length: Int) -> Void
    ) {
        guard tokens > 0, count > 0 else { return }
        let most = (tokens + tile - 1) / tile
        let height = min(tile, ((tokens + most - 1) / most + 11) / 12 * 12)
        let (tiles, runs) = ((tokens + height - 1) / height, (count + run - 1) / run)
        pool.run(taskCount: tiles * runs) { task in
            let (tile, index) = task.quotientAndRemainder(dividingBy: runs)
            let (token, first) = (tile * height, index * run)
            body(token, min(height, tokens - token), first, min(run, count - first))
        }
    }

    private func check(_ keeping: [Int32]?, rowCount: Int) {
        guard let keeping else { return }
        precondition(
            keeping.allSatisfy { $0 >= 0 && $0 < rowCount },
            "a kept row lies outside the matrix"
        )
    }

    func withKept(_ keeping: [Int32]?, _ body: (UnsafePointer<Int32>?) -> Void) {
        guard let keeping else {
            body(nil)
            return
        }
        unsafe keeping.withUnsafeBufferPointer { unsafe body($0.baseAddress) }
    }
}
