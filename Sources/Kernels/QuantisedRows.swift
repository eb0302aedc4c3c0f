internal import CKernels

/// Room for rows of activations as whole numbers, with a scale for some of them together.
///
/// What the products with weights of whole numbers read; see `kn_rounding`. Every row is filled up with
/// zeros. Valid while the memory lives.
@safe
struct QuantisedRows {
    let rounding: kn_rounding
    let entries: UnsafeMutablePointer<UInt8>
    let scales: UnsafeMutablePointer<Float>
    let totals: UnsafeMutablePointer<Int32>
    /// Entries a row, and scales a row.
    let (width, groupCount): (Int, Int)

    /// Columns that share a scale: a part of a row starts at a multiple of them.
    var together: Int { kn_scaled_together(rounding) }

    /// Writes the columns from `column` on of a row, which are `count` entries at `x`.
    ///
    /// The columns have to lie within the row; a column is written by one task.
    func write(
        _ x: UnsafePointer<Float>,
        count: Int,
        to row: Int,
        from column: Int = 0,
        _ kernels: kn_kernels
    ) {
        let group = row * groupCount + column / together
        // SAFETY: as the caller promises.
        unsafe kernels.quantise(
            rounding,
            entries + kn_inputs_sizes(rounding, row * width + column),
            scales + group,
            totals + group,
            x,
            count
        )
    }

    /// The rows from `row` on, as the kernels see them.
    func view(from row: Int) -> kn_quantised {
        unsafe kn_quantised(
            rounding: rounding,
            entries: entries + kn_inputs_sizes(rounding, row * width),
            scales: scales + row * groupCount,
            totals: totals + row * groupCount,
            width: width,
            groups: groupCount
        )
    }
}
