internal import CKernels

extension Compute {
    /// `output[t, :] += bias` for every row.
    ///
    /// - Parameters:
    ///   - bias: `[width]`.
    ///   - output: `[rows, width]`.
    public func addBias(_ bias: [Float], to output: inout Activations) {
        precondition(bias.count == output.width, "one bias a column")
        let (kernels, y, width) = unsafe (kernels, output.mutableBase, output.width)
        forEachRow(output.rowCount) { row in
            // SAFETY: shapes are checked above; every row is written by one task.
            unsafe kernels.add(y + row * width, bias, width)
        }
    }

    /// `output += input`.
    ///
    /// - Parameters:
    ///   - input: `[rows, width]`.
    ///   - output: Of the same shape.
    public func add(_ input: borrowing Activations, to output: inout Activations) {
        precondition(
            input.rowCount == output.rowCount && input.width == output.width,
            "both have one shape"
        )
        let (kernels, width) = unsafe (kernels, output.width)
        let (x, y) = unsafe (input.base, output.mutableBase)
        forEachRow(output.rowCount) { row in
            // SAFETY: shapes are checked above; every row is written by one task.
            unsafe kernels.add(y + row * width, x + row * width, width)
        }
    }

    /// Multiplies every entry.
    ///
    /// - Parameters:
    ///   - activations: Updated in place.
    ///   - factor: Any number.
    public func scale(_ activations: inout Activations, by factor: Float) {
        let (kernels, x, width) = unsafe (kernels, activations.mutableBase, activations.width)
        forEachRow(activations.rowCount) { row in
            // SAFETY: rows lie within the activations; every row is written by one task.
            unsafe kernels.scale(x + row * width, factor, width)
        }
    }

    /// Sets negative entries to 0.
    ///
    /// - Parameter activations: Updated in place.
    public func relu(_ activations: inout Activations) {
        let (kernels, x, width) = unsafe (kernels, activations.mutableBase, activations.width)
        forEachRow(activations.rowCount) { row in
            // SAFETY: rows lie within the activations; every row is written by one task.
            unsafe kernels.relu(x + row * width, width)
        }
    }
}
