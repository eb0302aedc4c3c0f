import Kernels

/// A normalisation with a learned gain: by the root mean square, or LayerNorm.
struct Norm: Sendable {
    /// Multiplied with the normalised entries, `[hidden]`.
    let gain: [Float]
    /// Added at last, which makes it `LayerNorm`; nil: `x / √(mean(x²) + ε) · gain`.
    let bias: [Float]?
    /// Added to the mean square, or to the variance.
    let epsilon: Float

    /// Writes the normalised rows into `normed`, rounded for the weight that is next.
    ///
    /// - Parameters:
    ///   - input: `[tokens, hidden]`.
    ///   - normed: Reshaped to the input's shape.
    ///   - next: The weight to round for; nil: none.
    ///   - compute: Runs it.
    func callAsFunction(
        of input: borrowing Activations,
        into normed: inout Activations,
        roundedFor next: WeightMatrix? = nil,
        compute: Compute
    ) {
        if let bias {
            compute.layerNorm(
                input,
                weight: gain,
                bias: bias,
                epsilon: epsilon,
                into: &normed,
                roundedFor: next
            )
        } else {
            compute.rmsNorm(
                input,
                weight: gain,
                epsilon: epsilon,
                into: &normed,
                roundedFor: next
            )
        }
    }

    /// Normalises every row by its root mean square, in place.
    func normaliseRows(of activations: inout Activations, compute: Compute) {
        compute.rmsNormRuns(&activations, weight: gain, epsilon: epsilon)
    }
}
