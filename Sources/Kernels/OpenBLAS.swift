import COpenBLAS

/// Dense f32 products by OpenBLAS: an independent check of our kernels, and a plain back end.
///
/// The pointers are to rows that lie one after another; OpenBLAS keeps none of them.
enum OpenBLAS {
    /// Threads of every product from now on; OpenBLAS has one setting for the process.
    static func setThreadCount(_ count: Int) { openblas_set_num_threads(Int32(count)) }

    /// `output = input · weightᵀ`, with a weight `[outputs, inputs]`.
    ///
    /// - Parameters:
    ///   - input: `[tokens, inputs]`.
    ///   - weight: `[outputs, inputs]`.
    ///   - sizes: Tokens, outputs, inputs.
    ///   - output: `[tokens, outputs]`, overwritten.
    static func product(
        _ input: UnsafePointer<Float>,
        _ weight: UnsafePointer<Float>,
        sizes: (tokens: Int, outputs: Int, inputs: Int),
        into output: UnsafeMutablePointer<Float>
    ) {
        let (tokens, outputs, inputs) = sizes
        guard tokens > 0, outputs > 0 else { return }
        // SAFETY: the caller gives matrices of these sizes.
        unsafe cblas_sgemm(
            CblasRowMajor,
            CblasNoTrans,
            CblasTrans,
            Int32(tokens),
            Int32(outputs),
            Int32(inputs),
            1,
            input,
            Int32(max(1, inputs)),
            weight,
            Int32(max(1, inputs)),
            0,
            output,
            Int32(outputs)
        )
    }

    /// `output += input · weight`, with a weight `[inputs, outputs]`.
    ///
    /// - Parameters:
    ///   - input: `[tokens, inputs]`.
    ///   - weight: `[inputs, outputs]`.
    ///   - sizes: Tokens, outputs, inputs.
    ///   - output: `[tokens, outputs]`, added to.
    static func transposedProduct(
        _ input: UnsafePointer<Float>,
        _ weight: UnsafePointer<Float>,
        sizes: (tokens: Int, outputs: Int, inputs: Int),
        addingTo output: UnsafeMutablePointer<Float>
    ) {
        let (tokens, outputs, inputs) = sizes
        guard tokens > 0, outputs > 0, inputs > 0 else { return }
        // SAFETY: the caller gives matrices of these sizes.
        unsafe cblas_sgemm(
            CblasRowMajor,
            CblasNoTrans,
            CblasNoTrans,
            Int32(tokens),
            Int32(outputs),
            Int32(inputs),
            1,
            input,
            Int32(inputs),
            weight,
            Int32(outputs),
            1,
            output,
            Int32(outputs)
        )
    }
}
