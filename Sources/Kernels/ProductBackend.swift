/// Who multiplies with f32 weights that are kept in full.
public enum ProductBackend: String, CaseIterable, Sendable {
    /// The kernels of this package.
    case kernels
    /// OpenBLAS, which knows neither kept-lists nor other formats: those stay with the kernels.
    case blas
}
