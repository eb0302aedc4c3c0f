#if canImport(Darwin)
import Darwin
#else
import Glibc
#endif

#if _endian(big)
#error("Model files are little-endian and are read in place.")
#endif

/// A file mapped read-only into memory, or a copy of bytes that were already there.
///
/// Every access is checked against the size the file had when it was opened. A file that another
/// process truncates while it is mapped leaves pages with nothing behind them, and touching one
/// raises SIGBUS, which ends this process; nothing can be checked in advance, for the file may
/// shrink between check and load. Our own store therefore never rewrites a file in place: it
/// renames a complete one over the old name, which leaves existing mappings alone.
@safe
public final class MappedFile: Sendable {
    /// Where the bytes came from; appears in errors.
    public let path: String

    /// Number of bytes.
    public let count: Int

    // SAFETY: points to `count` readable bytes from `init` to `deinit`, and nobody writes to them.
    nonisolated(unsafe) private let address: UnsafeRawPointer

    private let isMapped: Bool

    /// Maps a file.
    ///
    /// - Throws: `ModelFileError` when the file cannot be opened, or is not an ordinary file.
    public init(path: String) throws(ModelFileError) {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw .system(operation: "open", path: path, code: errno)
        }
        defer { close(descriptor) }
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0 else {
            throw .system(operation: "examine", path: path, code: errno)
        }
        guard status.st_mode & S_IFMT == S_IFREG else { throw .notRegularFile(path: path) }
        self.path = path
        count = Int(status.st_size)
        guard count > 0 else {
            // A mapping of nothing is not allowed.
            isMapped = false
            unsafe address = UnsafeRawPointer(.allocate(byteCount: 1, alignment: 1))
            return
        }
        // SAFETY: the descriptor is open, the system chooses the address, the result is checked.
        let mapping = unsafe mmap(nil, count, PROT_READ, MAP_PRIVATE, descriptor, 0)
        guard let mapping = unsafe mapping, unsafe mapping != MAP_FAILED else {
            throw .system(operation: "map", path: path, code: errno)
        }
        isMapped = true
        unsafe address = UnsafeRawPointer(mapping)
    }

    /// Copies bytes, so that what reads files can read memory too.
    ///
    /// - Parameters:
    ///   - bytes: The contents.
    ///   - name: Stands for the path in errors.
    public init(bytes: [UInt8], name: String) {
        path = name
        count = bytes.count
        isMapped = false
        // Exactly as many bytes as there are, so that an address sanitizer sees every overrun.
        let copy = UnsafeMutableRawPointer.allocate(byteCount: max(count, 1), alignment: 1)
        unsafe UnsafeMutableRawBufferPointer(start: copy, count: count).copyBytes(from: bytes)
        unsafe address = UnsafeRawPointer(copy)
    }

    deinit {
        // SAFETY: the last reference is gone, so nothing can read through `address` any more.
        if isMapped {
            unsafe munmap(UnsafeMutableRawPointer(mutating: address), count)
        } else {
            unsafe address.deallocate()
        }
    }

    /// Tells the system that the file will be read from front to back.
    public func adviseSequential() {
        advise(MADV_SEQUENTIAL)
    }

    /// Gives the pages read so far back to the system; they are read again when next needed.
    public func release() {
        advise(MADV_DONTNEED)
    }

    private func advise(_ advice: Int32) {
        guard isMapped else { return }
        // SAFETY: the range is the whole mapping; a read-only file mapping loses nothing by this.
        _ = unsafe madvise(UnsafeMutableRawPointer(mutating: address), count, advice)
    }
}

extension MappedFile {
    /// Whether `byteCount` bytes at `offset` lie inside the file.
    public func contains(_ byteCount: Int, at offset: Int) -> Bool {
        offset >= 0 && byteCount >= 0 && offset <= count && byteCount <= count - offset
    }

    /// The little-endian integer at `offset`, or nil when it does not lie inside the file.
    public func load<Value: FixedWidthInteger & BitwiseCopyable>(
        _ type: Value.Type,
        at offset: Int
    ) -> Value? {
        guard contains(MemoryLayout<Value>.size, at: offset) else { return nil }
        // SAFETY: the bytes lie inside the file, and every bit pattern is an integer.
        return unsafe address.loadUnaligned(fromByteOffset: offset, as: type)
    }

    /// The little-endian numbers at `offset`, or nil when they do not lie inside the file.
    func loadArray<Value: Numeric & BitwiseCopyable>(
        _ type: Value.Type,
        count valueCount: Int,
        at offset: Int
    ) -> [Value]? {
        let (size, overflow) = valueCount.multipliedReportingOverflow(by: MemoryLayout<Value>.size)
        guard !overflow, contains(size, at: offset) else { return nil }
        // SAFETY: the bytes lie inside the file, the array has as many, every bit pattern is valid.
        return unsafe Array(unsafeUninitializedCapacity: valueCount) { buffer, initialized in
            if size > 0 {
                unsafe UnsafeMutableRawBufferPointer(buffer)
                    .copyMemory(from: UnsafeRawBufferPointer(start: address + offset, count: size))
            }
            initialized = valueCount
        }
    }

    /// The text in a range, which must lie inside the file, or nil when it is not UTF-8.
    public func string(in range: Range<Int>) -> String? {
        precondition(contains(range.count, at: range.lowerBound), "the range must lie in the file")
        // SAFETY: the range lies inside the file; the string is a copy.
        let bytes = unsafe UnsafeRawBufferPointer(
            start: address + range.lowerBound,
            count: range.count
        )
        return unsafe String(validating: bytes, as: UTF8.self)
    }

    /// A copy of the bytes in a range, which must lie inside the file.
    public func bytes(in range: Range<Int>) -> [UInt8] {
        precondition(contains(range.count, at: range.lowerBound), "the range must lie in the file")
        return loadArray(UInt8.self, count: range.count, at: range.lowerBound) ?? []
    }

    /// Lends the bytes in a range, which must lie inside the file, to `body` without a copy.
    ///
    /// - Throws: What `body` throws.
    public func withBytes<Result: ~Copyable, Failure: Error>(
        in range: Range<Int>,
        _ body: (RawSpan) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        precondition(contains(range.count, at: range.lowerBound), "the range must lie in the file")
        // SAFETY: the range lies inside the file, `self` outlives the call, the span cannot escape.
        let buffer = unsafe UnsafeRawBufferPointer(
            start: address + range.lowerBound,
            count: range.count
        )
        return try unsafe body(buffer.bytes)
    }
}
