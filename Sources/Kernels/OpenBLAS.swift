internal import COpenBLAS
import Glibc

/// Dense f32 products by OpenBLAS: an independent check of our kernels, and a plain back end.
///
/// The library is opened when the first is made: it starts threads, and takes 0.6 MiB at the peak, which
/// a process that never uses it should not pay. The pointers are to rows that lie one after another;
/// OpenBLAS keeps none of them.
@safe
struct OpenBLAS: Sendable {
    // SAFETY: a function of a library that stays open; `init` gives it its type.
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
            throw .openBLASUnavailable(reason: Self.loaderError)
        }
        func function<Function>(_ name: String, as type: Function.Type) throws(KernelError)
            -> Function
        {
            // SAFETY: the types are those of the library's header and of its manual.
            guard let address = unsafe dlsym(handle, name) else {
                throw .openBLASUnavailable(reason: Self.loaderError)
            }
            return unsafe unsafeBitCast(address, to: type)
        }
        unsafe multiply = try function("cblas_sgemm", as: cblas_sgemm_function.self)
        let setThreadCount = try function(
            "openblas_set_num_threads",
            as: openblas_set_num_threads_function.self
        )
        setThreadCount(Int32(threadCount))
    }

    /// Why the loader did not find a library or function; it names the one it looked for.
    private static var loaderError: String {
        // SAFETY: the loader's text stays until its next call by this thread.
        unsafe dlerror().map { unsafe String(cString: $0) } ?? "no reason given"
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
