/// The products as OpenBLAS makes them, for what it can take.
extension Compute {
    /// OpenBLAS, if it takes a product.
    func blas(for weight: WeightMatrix, keeping: [Int32]?) -> OpenBLAS? {
        keeping == nil && weight.format == .f32 ? openBLAS : nil
    }

    /// `selectOut` with every row; sizes are checked by the entry point.
    func selectOut(
        by blas: OpenBLAS,
        _ input: borrowing Activations,
        _ weight: WeightMatrix,
        into output: inout Activations
    ) {
        output.reshape(rowCount: input.rowCount, width: weight.rowCount)
        // SAFETY: sizes are those of the matrices.
        unsafe blas.product(
            input.base,
            weight.floats,
            sizes: (input.rowCount, weight.rowCount, weight.columnCount),
            into: output.mutableBase
        )
    }

    /// `gatedUnit` with every row: two products, then the activation.
    func gatedUnit(
        by blas: OpenBLAS,
        _ input: borrowing Activations,
        gate: WeightMatrix,
        up: WeightMatrix,
        activation: GateActivation,
        into output: inout Activations
    ) {
        var gated = Activations()
        selectOut(by: blas, input, gate, into: &gated)
        selectOut(by: blas, input, up, into: &output)
        let (g, y, width) = unsafe (gated.base, output.mutableBase, output.width)
        forEachRow(output.rowCount) { row in
            // SAFETY: both are [tokens, rows]; each row is written by one task.
            for index in row * width..<(row + 1) * width {
                unsafe y[index] *= activation(g[index])
            }
        }
    }

    /// `selectIn` with every row; sizes are checked by the entry point.
    func selectIn(
        by blas: OpenBLAS,
        _ input: borrowing Activations,
        _ weight: WeightMatrix,
        addingTo output: inout Activations
    ) {
        // SAFETY: sizes are those of the matrices.
        unsafe blas.transposedProduct(
            input.base,
            weight.floats,
            sizes: (input.rowCount, weight.columnCount, weight.rowCount),
            addingTo: output.mutableBase
        )
    }
}
