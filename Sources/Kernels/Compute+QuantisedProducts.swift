internal import CKernels

/// The products with weights in whole numbers. Their sizes are checked by the entry points.
extension Compute {
    /// Tokens a task takes: as many as the kernels make a panel of weights for.
    ///
    /// Their quantised activations of a hidden size of 576 are 288 KiB, which stay in L2 while the
    /// task's panels pass.
    static let roundTokens = 256
    /// Columns of `selectIn` that a task should at least take with few tokens: of shorter pieces of a row
    /// it reads more lines than it needs, and each task reads the scalings of all rows anew.
    private static let worthwhileColumns = 256
    /// Tokens with which it is the memory that takes the time.
    private static let fewTokens = 32

    /// The products of one input with matrices of one format, whose tasks the workers share all at once.
    ///
    /// Of several none is shared out to nodes.
    func selectOutQuantised<let count: Int>(
        _ input: borrowing Activations,
        _ products: InlineArray<count, OutwardProduct>
    ) {
        let (kernels, first) = unsafe (kernels, products[0])
        let shares = unsafe count == 1 ? shares(of: first.weight, keeping: first.keeping) : nil
        let counts = InlineArray<count, Int> { unsafe products[$0].count }
        var all = 0
        for product in counts.indices { all += counts[product] }
        unsafe quantising(input, for: first.weight) { x in
            splitRounds(
                tokens: input.rowCount,
                counts: counts,
                run: runLength(all, grain: 32),
                shares: shares
            ) { index, token, height, first, length in
                let product = unsafe products[index]
                let output = unsafe product.output + token * product.count + first
                // SAFETY: sizes are checked by the caller; tasks write disjoint parts of the outputs, and
                // all memory outlives the call.
                unsafe withKept(product.keeping) { kept in
                    unsafe withUnsafePointer(to: x.view(from: token)) { x in
                        unsafe withUnsafePointer(to: product.weight.view) { view in
                            unsafe kernels.select_out_quantised(
                                output,
                                product.count,
                                x,
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
        }
    }

    func gatedUnitQuantised(
        _ input: borrowing Activations,
        gate: WeightMatrix,
        up: WeightMatrix,
        activation: GateActivation,
        keeping: [Int32]?,
        into output: inout Activations,
        roundedFor next: WeightMatrix?
    ) {
        precondition(gate.format == up.format, "one rounding of the input for both")
        let (kernels, y, count) = unsafe (kernels, output.mutableBase, output.width)
        let tokens = input.rowCount
        let shares = shares(of: gate, keeping: keeping)
        let run = runLength(count, grain: Int(KN_GROUP_SIZE))
        // A task rounds what it has made, unless others have a part of what shares a scale.
        var rounded = shares == nil ? roundingRoom(in: output, for: next) : nil
        if let rows = rounded, run < count, !run.isMultiple(of: rows.together) { rounded = nil }
        quantising(input, for: gate) { x in
            unsafe withKept(keeping) { kept in
                splitRounds(
                    tokens: tokens,
                    counts: [count],
                    run: run,
                    shares: shares
                ) {
                    _,
                    token,
                    height,
                    first,
                    length in
                    // SAFETY: as in `selectOutQuantised`.
                    unsafe withUnsafePointer(to: x.view(from: token)) { x in
                        unsafe withUnsafePointer(to: gate.view) { gate in
                            unsafe withUnsafePointer(to: up.view) { up in
                                unsafe kernels.gated_unit_quantised(
                                    y + token * count + first,
                                    count,
                                    x,
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
                    guard let rounded else { return }
                    for row in token..<token + height {
                        let made = unsafe y + row * count + first
                        unsafe rounded.write(made, count: length, to: row, from: first, kernels)
                    }
                }
            }
        }
        if rounded != nil { output.quantised.complete() }
    }

    func selectInQuantised(
        _ input: borrowing Activations,
        _ weight: WeightMatrix,
        keeping: [Int32]?,
        addingTo output: inout Activations
    ) {
        precondition(weight.outputsAreColumns, "the columns' units")
        let (kernels, y, width) = unsafe (kernels, output.mutableBase, output.width)
        let (tokens, count) = (input.rowCount, input.width)
        quantising(input, for: weight) { x in
            unsafe withKept(keeping) { kept in
                splitRounds(
                    tokens: tokens,
                    counts: [width],
                    run: runLength(
                        width,
                        grain: Int(KN_GROUP_SIZE),
                        worthwhile: tokens <= Self.fewTokens ? Self.worthwhileColumns : 1
                    )
                ) {
                    _,
                    token,
                    height,
                    first,
                    length in
                    // SAFETY: as in `selectOutQuantised`; tasks add to disjoint parts.
                    unsafe withUnsafePointer(to: x.view(from: token)) { x in
                        unsafe withUnsafePointer(to: weight.view) { view in
                            unsafe kernels.select_in_quantised(
                                y + token * width,
                                width,
                                x,
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
        }
    }

    // MARK: - Tasks

    /// A task takes some tokens and some outputs of one product.
    ///
    /// Tasks of the same tokens follow each other. `counts` has each product's outputs, of which a task takes
    /// `run`; shares are of a single product.
    private func splitRounds<let productCount: Int>(
        tokens: Int,
        counts: InlineArray<productCount, Int>,
        run: Int,
        shares: NodeShares? = nil,
        _ body: (_ product: Int, _ token: Int, _ height: Int, _ first: Int, _ length: Int) -> Void
    ) {
        guard tokens > 0 else { return }
        if let shares {
            return splitByNode(shares, tokens: tokens, tile: Self.roundTokens, run: run) {
                body(0, $0, $1, $2, $3)
            }
        }
        var runCount = 0
        for product in counts.indices { runCount += (counts[product] + run - 1) / run }
        let rounds = (tokens + Self.roundTokens - 1) / Self.roundTokens
        pool.run(taskCount: rounds * runCount) { task in
            var (round, index) = task.quotientAndRemainder(dividingBy: runCount)
            var product = 0
            while case let runs = (counts[product] + run - 1) / run, index >= runs {
                index -= runs
                product += 1
            }
            let (token, first) = (round * Self.roundTokens, index * run)
            let (height, length) = (tokens - token, counts[product] - first)
            body(product, token, min(Self.roundTokens, height), first, min(run, length))
        }
    }
}
