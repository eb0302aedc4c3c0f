internal import CKernels

/// One node's part of an inward product: its kept rows, and their entries of the input.
@safe
struct NodeOperand {
    /// Matrix from which `kept` counts; without a list, from the node's first row on.
    let weight: kn_weight
    /// The node's kept rows; nil: all.
    let kept: UnsafePointer<Int32>?
    /// How many rows.
    let rowCount: Int
    /// Their entry of token 0.
    let input: UnsafePointer<Float>
    /// Entries from one token to the next.
    let inputStride: Int
    /// The entries as whole numbers, for weights that want them so.
    let quantised: QuantisedRows?

    /// Adds the rows' products to some columns of some tokens' sums, `[tokens, width]`.
    ///
    /// Both ranges have to lie within the sums, and the operands have to outlive the call.
    func add(
        to sums: UnsafeMutablePointer<Float>,
        width: Int,
        tokens: Range<Int>,
        columns: Range<Int>,
        _ kernels: kn_kernels
    ) {
        let start = unsafe sums + tokens.lowerBound * width
        // SAFETY: as the caller promises.
        unsafe withUnsafePointer(to: weight) { weight in
            guard let quantised else {
                return unsafe kernels.select_in(
                    start,
                    width,
                    input + tokens.lowerBound * inputStride,
                    inputStride,
                    tokens.count,
                    weight,
                    kept,
                    rowCount,
                    columns.lowerBound,
                    columns.count
                )
            }
            unsafe withUnsafePointer(to: quantised.view(from: tokens.lowerBound)) { input in
                unsafe kernels.select_in_quantised(
                    start,
                    width,
                    input,
                    tokens.count,
                    weight,
                    kept,
                    rowCount,
                    columns.lowerBound,
                    columns.count
                )
            }
        }
    }
}
