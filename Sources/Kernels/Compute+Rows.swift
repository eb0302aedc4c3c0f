internal import CKernels

extension Compute {
    /// Rows a task of a row-wise operation takes, of many rows.
    private static let taskRows = 32
    /// The fewest rows that are worth a wait for another worker.
    private static let leastTaskRows = 4

    /// `output[t, :] = input[t, :] / √(mean(input[t, :]²) + ε) · weight`.
    ///
    /// - Parameters:
    ///   - input: `[rows, width]`.
    ///   - weight: Gain, `[width]`.
    ///   - epsilon: Added to the mean square.
    ///   - output: Reshaped to the input's shape.
    ///   - next: What the output is multiplied with: it is rounded on the way for weights that want that.
    public func rmsNorm(
        _ input: borrowing Activations,
        weight: [Float],
        epsilon: Float,
        into output: inout Activations,
        roundedFor next: WeightMatrix? = nil
    ) {
        precondition(weight.count == input.width, "one gain a column")
        let kernels = unsafe kernels
        unsafe normRows(input, into: &output, roundedFor: next) {
            // SAFETY: shapes are checked above; every row is written by one task.
            unsafe kernels.rms_norm($0, $1, weight, weight.count, epsilon)
        }
    }

    /// Norms every run of `weight.count` entries in place, as `rmsNorm` does whole rows.
    ///
    /// - Parameters:
    ///   - activations: `[rows, runs × weight.count]`, updated in place.
    ///   - weight: Gain, the same for all runs.
    ///   - epsilon: Added to the mean square.
    public func rmsNormRuns(
        _ activations: inout Activations,
        weight: [Float],
        epsilon: Float
    ) {
        precondition(
            !weight.isEmpty && activations.width.isMultiple(of: weight.count),
            "whole runs"
        )
        let (x, width) = unsafe (activations.mutableBase, activations.width)
        forEachRow(activations.rowCount) { row in
            // SAFETY: shapes are checked above; every row is written by one task.
            unsafe normRuns(of: x + row * width, width: width, weight, epsilon)
        }
    }

    /// `output[t, :] = (input[t, :] - mean) / √(variance + ε) · weight + bias`.
    ///
    /// - Parameters:
    ///   - input: `[rows, width]`.
    ///   - weight: Gain, `[width]`.
    ///   - bias: `[width]`.
    ///   - epsilon: Added to the variance.
    ///   - output: Reshaped to the input's shape.
    ///   - next: As in `rmsNorm`.
    public func layerNorm(
        _ input: borrowing Activations,
        weight: [Float],
        bias: [Float],
        epsilon: Float,
        into output: inout Activations,
        roundedFor next: WeightMatrix? = nil
    ) {
        precondition(weight.count == input.width, "one gain a column")
        precondition(bias.count == input.width, "one bias a column")
        let kernels = unsafe kernels
        unsafe normRows(input, into: &output, roundedFor: next) {
            // SAFETY: as in `rmsNorm`.
            unsafe kernels.layer_norm($0, $1, weight, bias, weight.count, epsilon)
        }
    }

    /// `output[i, :] = weight[rows[i], :]`, dequantised: an embedding look-up.
    ///
    /// - Parameters:
    ///   - weight: `[vocabulary, width]`.
    ///   - rows: Rows to copy.
    ///   - output: Reshaped to `[rows, width]`.
    public func gatherRows(
        of weight: WeightMatrix,
        _ rows: [Int32],
        into output: inout Activations
    ) {
        precondition(
            rows.allSatisfy { $0 >= 0 && $0 < weight.rowCount },
            "a row lies outside the matrix"
        )
        output.reshape(rowCount: rows.count, width: weight.columnCount)
        let kernels = unsafe kernels
        let (y, width) = unsafe (output.mutableBase, output.width)
        forEachRow(rows.count) { index in
            // SAFETY: rows are checked above; every output row is written by one task.
            unsafe withUnsafePointer(to: weight.view) { view in
                let row = unsafe y + index * width
                unsafe kernels.expand_row(row, view, Int(rows[index]))
                if weight.isMixed { unsafe kernels.mix(row, row, width) }
            }
        }
    }

    /// `output[i, :] = input[rows[i], :]`.
    ///
    /// - Parameters:
    ///   - input: `[rows, width]`.
    ///   - rows: Rows to copy.
    ///   - output: Reshaped to `[rows, width]`.
    public func gatherRows(
        of input: borrowing Activations,
        _ rows: [Int32],
        into output: inout Activations
    ) {
        precondition(
            rows.allSatisfy { $0 >= 0 && $0 < input.rowCount },
            "a row lies outside the matrix"
        )
        output.reshape(rowCount: rows.count, width: input.width)
        let (x, y, width) = unsafe (input.base, output.mutableBase, input.width)
        forEachRow(rows.count) { index in
            // SAFETY: rows are checked above; every output row is written by one task.
            unsafe (y + index * width).update(from: x + Int(rows[index]) * width, count: width)
        }
    }

    /// `result[row] = log Σ_v exp(input[row, v])`, without overflow.
    ///
    /// - Parameters:
    ///   - input: `[rows, width]`, `width` at least 1.
    ///   - result: Replaced by one value a row.
    public func logSumExp(_ input: borrowing Activations, into result: inout [Float]) {
        precondition(input.width > 0, "a sum of nothing has no logarithm")
        let (kernels, width) = unsafe (kernels, input.width)
        unsafe mapRows(input, into: &result) { unsafe kernels.log_sum_exp($1, width) }
    }

    /// `norms[row] = Σ_j input[row, j]²`.
    ///
    /// - Parameters:
    ///   - input: `[rows, width]`.
    ///   - norms: Replaced by one value a row.
    public func rowSquaredNorms(_ input: borrowing Activations, into norms: inout [Float]) {
        let (kernels, width) = unsafe (kernels, input.width)
        unsafe mapRows(input, into: &norms) { unsafe kernels.squared_norm($1, width) }
    }

    // MARK: - Tasks

    /// Norms every run of `gain.count` entries of a row in place.
    func normRuns(
        of row: UnsafeMutablePointer<Float>,
        width: Int,
        _ gain: [Float],
        _ epsilon: Float
    ) {
        let kernels = unsafe kernels
        for first in stride(from: 0, to: width, by: gain.count) {
            let run = unsafe row + first
            unsafe kernels.rms_norm(run, run, gain, gain.count, epsilon)
        }
    }

    /// Writes each row's norm and rounds it.
    private func normRows(
        _ input: borrowing Activations,
        into output: inout Activations,
        roundedFor next: WeightMatrix?,
        _ norm: (UnsafeMutablePointer<Float>, UnsafePointer<Float>) -> Void
    ) {
        output.reshape(rowCount: input.rowCount, width: input.width)
        let (kernels, x, y) = unsafe (kernels, input.base, output.mutableBase)
        let width = input.width
        let rounded = roundingRoom(in: output, for: next)
        forEachRow(input.rowCount) { row in
            // SAFETY: both have the input's shape; every row is written by one task.
            unsafe norm(y + row * width, x + row * width)
            unsafe rounded?.write(y + row * width, count: width, to: row, kernels)
        }
        if rounded != nil { output.quantised.complete() }
    }

    private func mapRows(
        _ input: borrowing Activations,
        into result: inout [Float],
        _ body: (_ row: Int, UnsafePointer<Float>) -> Float
    ) {
        let (x, width, count) = unsafe (input.base, input.width, input.rowCount)
        if result.count != count { result = [Float](repeating: 0, count: count) }
        unsafe result.withUnsafeMutableBufferPointer { result in
            guard let result = result.baseAddress else { return }
            // SAFETY: every entry is written by one task, within `count`.
            forEachRow(count) { row in unsafe result[row] = body(row, x + row * width) }
        }
    }

    /// Each row once; the workers share even a decode step's few.
    func forEachRow(_ count: Int, _ body: (Int) -> Void) {
        let even = (count + threadCount - 1) / threadCount
        let rows = max(Self.leastTaskRows, min(Self.taskRows, even))
        pool.run(taskCount: (count + rows - 1) / rows) { task in
            for row in task * rows..<min(count, (task + 1) * rows) { body(row) }
        }
    }
}
