internal import COpenBLAS
import Glibc

/// Dense f32 products by OpenBLAS: an independent check of our kernels, and a plain back end.
///
/// The library is opened when the first is made, for with those it needs it takes 2 MiB of memory, and
/// threads, from a process that may never use it. The pointers are to rows that lie one after another;
/// OpenBLAS keeps none of them.
struct OpenBLAS: Sendable {
    private let multiply: cblas_sgemm_function

    /// What a linker would have noted.
    private static let library = "libopenblas.so.0"

    /// Opens the library.
    ///
    /// - Parameters:
    ///   - library: Its file, as the loader looks for it.
    ///   - threadCount: Threads of every product from now on; the process has one setting.
    /// - Throws: `KernelError` when the library, or one of its functions, is missing.
    init(library: String = Self.library, threadCount: Int) throws(KernelError) {
        // SAFETY: a string's bytes end in a zero; what is opened stays open.
        guard let handle = unsafe dlopen(library, RTLD_NOW | RTLD_LOCAL) else {
            throw .libraryMissing(library)
        }
        guard let multiply = unsafe dlsym(handle, "cblas_sgemm"),
            let setThreadCount = unsafe dlsym(handle, "openblas_set_num_threads")
        else { throw .libraryMissing(library) }
        // SAFETY: the types are those of the library's header and of its manual.
        unsafe self.multiply = unsafe unsafeBitCast(multiply, to: cblas_sgemm_function.self)
        unsafe unsafeBitCast(setThreadCount, to: openblas_set_num_threads_function.self)(
            Int32(threadCount)
        )
    }

    /// `output = input · weightᵀ`, with a weight `[outputs, inputs]`.
    ///
    /// - Parameters:
    ///   - input: `[tokens, inputs]`.
    ///   - weight: `[outputs, inputs]`.
    ///   - sizes: Tokens, outputs, inputs.
    ///   - output: `[tokens, outputs]`, overwritten.
    func product(
        _ input: UnsafePointer<Float>,
        _ weight: UnsafePointer<Float>,
        sizes: (tokens: Int, outputs: Int, inputs: Int),
        into output: UnsafeMutablePointer<Float>
    ) {
        let (tokens, outputs, inputs) = sizes
        guard tokens > 0, outputs > 0 else { return }
        // SAFETY: the caller gives matrices of these sizes.
        unsafe multiply(
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
    func transposedProduct(
        _ input: UnsafePointer<Float>,
        _ weight: UnsafePointer<Float>,
        sizes: (tokens: Int, outputs: Int, inputs: Int),
        addingTo output: UnsafeMutablePointer<Float>
    ) {
        let (tokens, outputs, inputs) = sizes
        guard tokens > 0, outputs > 0, inputs > 0 else { return }
        // SAFETY: the caller gives matrices of these sizes.
        unsafe multiply(
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
