import Kernels

/// Root-mean-square normalisation with a learned gain: `x / √(mean(x²) + ε) · gain`.
struct RMSNorm: Sendable {
    /// Gain, shape `[hidden]`.
    let gain: [Float]
    /// Added to the mean square.
    let epsilon: Float

    /// Writes the normalised rows of `hidden` into `normed`, both `[tokens, hidden]`.
    func callAsFunction(
        _ hidden: borrowing Activations,
        into normed: inout Activations,
        compute: Compute
    ) {
        compute.rmsNorm(hidden, weight: gain, epsilon: epsilon, into: &normed)
    }
}
