import COpenBLAS

/// Dense f32 products by OpenBLAS: an independent check of our kernels, and a plain back end.
public enum OpenBLAS {
    /// `output = input · weightᵀ`.
    ///
    /// - Parameters:
    ///   - input: `[tokens, columns]`.
    ///   - weight: Row-major, `[rows, columns]`.
    ///   - rowCount: Rows of the weight.
    ///   - output: Reshaped to `[tokens, rows]`.
    public static func product(
        _ input: borrowing Activations,
        _ weight: [Float],
        rowCount: Int,
        into output: inout Activations
    ) {
        let (tokens, columns) = (input.rowCount, input.width)
        precondition(weight.count == rowCount * columns, "the weight is [rows, columns]")
        output.reshape(rowCount: tokens, width: rowCount)
        guard tokens > 0, rowCount > 0, columns > 0 else { return output.fill(0) }
        // SAFETY: sizes are checked above; OpenBLAS keeps no pointer.
        unsafe cblas_sgemm(
            CblasRowMajor,
            CblasNoTrans,
            CblasTrans,
            Int32(tokens),
            Int32(rowCount),
            Int32(columns),
            1,
            input.base,
            Int32(columns),
            weight,
            Int32(columns),
            0,
            output.base,
            Int32(rowCount)
        )
    }
}
