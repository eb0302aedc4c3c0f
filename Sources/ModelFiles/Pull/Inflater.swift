import CZlib

/// Undoes raw deflate, and computes checksums, by means of zlib.
enum Inflater {
    /// Bytes that are handed on at a time.
    private static let step = 1 << 18

    /// Inflates a whole stream.
    ///
    /// - Parameters:
    ///   - inputCount: Size of the stream, which has no zlib or gzip header.
    ///   - read: Gives a part of the stream.
    ///   - limit: Stop once there is more output than this.
    ///   - emit: Takes the output, part by part.
    /// - Returns: How many bytes of the input the stream took, and the sum of the output's sizes,
    ///   or nil when the input is not such a stream.
    /// - Throws: What `emit` throws.
    static func inflate<Failure: Error>(
        inputCount: Int,
        read: (Range<Int>) -> [UInt8],
        limit: Int,
        emit: (ArraySlice<UInt8>) throws(Failure) -> Void
    ) throws(Failure) -> (consumed: Int, produced: Int)? {
        // zlib's state points back at the stream, which must therefore not move.
        let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
        unsafe stream.initialize(to: z_stream())
        defer { unsafe stream.deallocate() }
        let size = unsafe Int32(MemoryLayout<z_stream>.size)
        guard unsafe inflateInit2_(stream, -MAX_WBITS, ZLIB_VERSION, size) == Z_OK else {
            return nil
        }
        defer { unsafe inflateEnd(stream) }

        var buffer = [UInt8](repeating: 0, count: step)
        var (consumed, produced) = (0, 0)
        while true {
            let input = read(consumed..<min(consumed + step, inputCount))
            // SAFETY: zlib gets the addresses and sizes of two arrays that outlive the call, and
            // only reads the first.
            let status = unsafe input.withUnsafeBufferPointer { source in
                unsafe buffer.withUnsafeMutableBufferPointer { target in
                    unsafe stream.pointee.next_in = UnsafeMutablePointer(
                        mutating: source.baseAddress
                    )
                    unsafe stream.pointee.avail_in = UInt32(source.count)
                    unsafe stream.pointee.next_out = target.baseAddress
                    unsafe stream.pointee.avail_out = UInt32(step)
                    return unsafe CZlib.inflate(stream, Z_NO_FLUSH)
                }
            }
            let taken = unsafe input.count - Int(stream.pointee.avail_in)
            let made = unsafe step - Int(stream.pointee.avail_out)
            consumed += taken
            produced += made
            if made > 0 { try emit(buffer[..<made]) }
            switch status {
            case Z_STREAM_END: return (consumed, produced)
            case Z_OK where produced <= limit && taken + made > 0: continue
            case Z_OK where produced > limit: return (consumed, produced)
            default: return nil
            }
        }
    }
}

/// The checksum of zip files.
struct CRC32 {
    private(set) var value: UInt32 = 0

    mutating func update(_ bytes: ArraySlice<UInt8>) {
        // SAFETY: the buffer is only read, and only during the call.
        value = unsafe bytes.withUnsafeBufferPointer { buffer in
            UInt32(
                truncatingIfNeeded: unsafe crc32(
                    UInt(value),
                    buffer.baseAddress,
                    UInt32(buffer.count)
                )
            )
        }
    }
}
