internal import CKernels

/// Activations as whole numbers, for weights that want them so.
///
/// A product rounds its input, and the rows stay until the input changes. Whoever makes activations can
/// round them on the way, while they are in the cache and without a wait for the other workers.
extension Compute {
    /// How `weight` wants its input rounded; nil: it takes it as it is.
    private func rounding(for weight: WeightMatrix) -> kn_rounding? {
        guard weight.format.isQuantised else { return nil }
        return unsafe kernels.rounding(
            for: weight.format,
            outputsAreColumns: weight.outputsAreColumns
        )
    }

    /// Lends a product its input as whole numbers.
    func quantising(
        _ input: borrowing Activations,
        for weight: WeightMatrix,
        _ body: (QuantisedRows) -> Void
    ) {
        guard let rounding = rounding(for: weight) else {
            preconditionFailure("weights of whole numbers")
        }
        let kernels = unsafe kernels
        let (x, tokens, width) = unsafe (input.base, input.rowCount, input.width)
        input.quantised.lend(
            rowCount: tokens,
            width: width,
            rounding: rounding,
            { rows in
                forEachRow(tokens) { row in
                    // SAFETY: there is room for the rows; a row is written by one task.
                    unsafe rows.write(x + row * width, count: width, to: row, kernels)
                }
            },
            to: body
        )
    }

    /// Room for the rows of `output` as the input of a product with `weight`.
    ///
    /// - Parameters:
    ///   - output: In its final shape. When all rows are written, `output.quantised.complete()` is to say so.
    ///   - weight: The product's.
    /// - Returns: Nil where no weight is given, or it takes its input as it is, or each node rounds its own
    ///   share.
    func roundingRoom(
        in output: borrowing Activations,
        for weight: WeightMatrix?
    ) -> QuantisedRows? {
        guard let weight, let rounding = rounding(for: weight) else { return nil }
        if weight.outputsAreColumns, weight.rowShares != nil { return nil }
        return output.quantised.room(
            rowCount: output.rowCount,
            width: output.width,
            rounding: rounding
        )
    }
}

extension kn_kernels {
    /// How activations are rounded for quantised weights whose outputs are rows, or are columns: beside
    /// mixed rows (see `WeightMatrix.isMixed`) they are mixed.
    func rounding(for format: WeightFormat, outputsAreColumns: Bool) -> kn_rounding {
        if format == .int4 { return outputsAreColumns ? KN_NINE_BITS : KN_EIGHT_BITS }
        let rounding = unsafe byte_rounding
        if outputsAreColumns { return rounding }
        return rounding == KN_EIGHT_BITS ? KN_EIGHT_BITS_MIXED : KN_PAIRED_BITS_MIXED
    }
}
