internal import CKernels

extension Compute {
    /// `sums[g, :] = Σ over rows with groups[row] == g of input[row, :]²`, rows in ascending order.
    ///
    /// - Parameters:
    ///   - input: `[rows, width]`.
    ///   - groups: Group of each row; a negative one leaves the row out.
    ///   - groupCount: Groups.
    ///   - sums: Reshaped to `[groupCount, width]`.
    public func sumOfSquares(
        _ input: borrowing Activations,
        groups: [Int32],
        groupCount: Int,
        into sums: inout Activations
    ) {
        let kernels = unsafe kernels
        unsafe addRows(of: input, groups: groups, groupCount: groupCount, into: &sums) {
            unsafe kernels.add_squares($0, $1, $2)
        }
    }

    /// `sumOfSquares` for two ways to group the rows, which are read once.
    ///
    /// - Parameters:
    ///   - input: `[rows, width]`.
    ///   - groups: As in `sumOfSquares`.
    ///   - groupCount: Groups.
    ///   - sums: Reshaped to `[groupCount, width]`.
    ///   - others: The other group of each row.
    ///   - otherCount: Such groups.
    ///   - otherSums: Reshaped to `[otherCount, width]`.
    public func sumOfSquares(
        _ input: borrowing Activations,
        groups: [Int32],
        groupCount: Int,
        into sums: inout Activations,
        groups others: [Int32],
        groupCount otherCount: Int,
        into otherSums: inout Activations
    ) {
        let (kernels, x, width) = unsafe (kernels, input.base, input.width)
        let first = unsafe prepare(&sums, for: input, groups, groupCount)
        let second = unsafe prepare(&otherSums, for: input, others, otherCount)
        splitColumns(width) { column, length in
            unsafe forEachRow(of: x, width: width, groups.indices, column, length) { row, entries in
                // SAFETY: groups are checked above; every column is written by one task.
                let (group, other) = (Int(groups[row]), Int(others[row]))
                if group >= 0 {
                    unsafe kernels.add_squares(first + group * width + column, entries, length)
                }
                if other >= 0 {
                    unsafe kernels.add_squares(second + other * width + column, entries, length)
                }
            }
        }
    }

    /// `sums[g, :] = Σ over rows with groups[row] == g of input[row, :]`, rows in ascending order.
    ///
    /// - Parameters:
    ///   - input: `[rows, width]`.
    ///   - groups: Group of each row; a negative one leaves the row out.
    ///   - groupCount: Groups.
    ///   - sums: Reshaped to `[groupCount, width]`.
    public func sum(
        of input: borrowing Activations,
        groups: [Int32],
        groupCount: Int,
        into sums: inout Activations
    ) {
        let kernels = unsafe kernels
        unsafe addRows(of: input, groups: groups, groupCount: groupCount, into: &sums) {
            unsafe kernels.add($0, $1, $2)
        }
    }

    /// Probe Pruning's fusion, summed over rows: `total[k] = Σ_t ((1 − r) · g + r · p)`.
    ///
    /// `p` is the probe's mean square, `g` the history's, `r = p / (p + g + 1e-6)`
    /// (arXiv:2502.15618, §3.3).
    ///
    /// - Parameters:
    ///   - probe: `[positions, width]`.
    ///   - history: Of the same shape.
    ///   - total: Replaced by one value a column.
    public func fusedImportance(
        probe: borrowing Activations,
        history: borrowing Activations,
        into total: inout [Float]
    ) {
        precondition(
            probe.rowCount == history.rowCount && probe.width == history.width,
            "probe and history have one shape"
        )
        let (kernels, p, g) = unsafe (kernels, probe.base, history.base)
        let (width, rows) = (probe.width, probe.rowCount)
        total = [Float](repeating: 0, count: width)
        unsafe total.withUnsafeMutableBufferPointer { total in
            guard let total = total.baseAddress else { return }
            splitColumns(width) { first, length in
                for row in 0..<rows {
                    let offset = row * width + first
                    // SAFETY: shapes are checked above; every column is written by one task.
                    unsafe kernels.fuse_importance(total + first, p + offset, g + offset, length)
                }
            }
        }
    }

    /// Lets `add` add each row, or a function of it, to its group.
    private func addRows(
        of input: borrowing Activations,
        groups: [Int32],
        groupCount: Int,
        into sums: inout Activations,
        _ add: (UnsafeMutablePointer<Float>, UnsafePointer<Float>, Int) -> Void
    ) {
        let y = unsafe prepare(&sums, for: input, groups, groupCount)
        let (x, width) = unsafe (input.base, input.width)
        splitColumns(width) { first, length in
            unsafe forEachRow(of: x, width: width, groups.indices, first, length) { row, entries in
                guard groups[row] >= 0 else { return }
                // SAFETY: groups are checked above; every column is written by one task.
                unsafe add(y + Int(groups[row]) * width + first, entries, length)
            }
        }
    }

    /// Some columns of each row, while those of rows to come are asked for: the CPU itself does not see
    /// into the next row where columns lie between.
    ///
    /// 5120 rows of 922 columns, in runs of 240, are squared and added at 9 GB/s without and 16 with three
    /// rows ahead, whole rows at 19 (Zen 4, one thread).
    private func forEachRow(
        of input: UnsafePointer<Float>,
        width: Int,
        _ rows: Range<Int>,
        _ column: Int,
        _ length: Int,
        _ body: (_ row: Int, _ entries: UnsafePointer<Float>) -> Void
    ) {
        let ahead = 3
        for row in rows {
            let entries = unsafe input + row * width + column
            if row + ahead < rows.upperBound { unsafe kn_ask_for(entries + ahead * width, length) }
            unsafe body(row, entries)
        }
    }

    /// Checks the groups of the rows of `input`, and sets their sums to zero.
    private func prepare(
        _ sums: inout Activations,
        for input: borrowing Activations,
        _ groups: [Int32],
        _ groupCount: Int
    ) -> UnsafeMutablePointer<Float> {
        precondition(groups.count == input.rowCount, "one group a row")
        precondition(groups.allSatisfy { $0 < groupCount }, "a group lies outside the count")
        sums.reshape(rowCount: groupCount, width: input.width)
        sums.fill(0)
        return unsafe sums.mutableBase
    }

    /// Runs of whole cache lines, one or a few a worker.
    private func splitColumns(_ width: Int, _ body: (_ first: Int, _ length: Int) -> Void) {
        let run = runLength(width, grain: 16, runsPerWorker: 2)
        pool.run(taskCount: (width + run - 1) / run) { task in
            body(task * run, min(run, width - task * run))
        }
    }
}
