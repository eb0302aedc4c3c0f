/// Why the kernels cannot run as asked.
public enum KernelError: Error, Equatable, CustomStringConvertible {
    /// This CPU lacks the instruction set.
    case instructionSetUnavailable(InstructionSet, available: [InstructionSet])
    /// A worker count outside the bounds.
    case invalidThreadCount(Int, limit: Int)
    /// The operating system gives no thread.
    case threadCreationFailed(code: Int32)
    /// The operating system gives no memory.
    case outOfMemory(byteCount: Int)
    /// OpenBLAS was asked for, and its library cannot be opened; the reason is the loader's.
    case openBLASUnavailable(reason: String)

    /// One line: what was wrong, where, and what was expected.
    public var description: String {
        switch self {
        case .instructionSetUnavailable(let wanted, let available):
            "this CPU has no \(wanted.rawValue); it has "
                + available.map(\.rawValue).joined(separator: ", ")
        case .invalidThreadCount(let count, let limit):
            "\(count) threads; expected 1 to \(limit)"
        case .threadCreationFailed(let code):
            "cannot start a worker thread (error \(code))"
        case .outOfMemory(let byteCount):
            "cannot map \(byteCount) bytes of memory"
        case .openBLASUnavailable(let reason):
            "the OpenBLAS back end needs OpenBLAS (Debian: libopenblas0-pthread): \(reason)"
        }
    }
}
