/// A matrix whose kept rows are multiplied with an input, and where its outputs go.
@unsafe
struct OutwardProduct {
    let weight: WeightMatrix
    /// Rows to use; nil: all.
    let keeping: [Int32]?
    /// How many those are.
    let count: Int
    /// `[tokens, count]`.
    let output: UnsafeMutablePointer<Float>
}
