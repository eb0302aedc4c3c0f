/// 32 signed bytes behind one half-precision scale: `scale * q`.
enum Q8_0Format: BlockFormat {
    static let type = TensorType(8, "Q8_0", blockSize: 32, blockByteCount: 34)

    static func decode(_ blocks: RawSpan, into values: inout MutableSpan<Float>) {
        for block in 0..<values.count / 32 {
            let start = block * 34
            let scale = blocks.loadHalf(at: start)
            // Two halves: the compiler turns conversions of 32 numbers at once into a loop.
            let low = blocks.load(SIMD16<Int8>.self, at: start + 2)
            let high = blocks.load(SIMD16<Int8>.self, at: start + 18)
            values.store(SIMD16<Float>(low) * scale, at: block * 32)
            values.store(SIMD16<Float>(high) * scale, at: block * 32 + 16)
        }
    }
}

/// 32 nibbles behind one half-precision scale: `scale * (q - 8)`.
///
/// Byte `i` holds number `i` in its low half and number `i + 16` in its high half.
enum Q4_0Format: BlockFormat {
    static let type = TensorType(2, "Q4_0", blockSize: 32, blockByteCount: 18)

    static func decode(_ blocks: RawSpan, into values: inout MutableSpan<Float>) {
        for block in 0..<values.count / 32 {
            let start = block * 18
            let scale = blocks.loadHalf(at: start)
            let pairs = blocks.load(SIMD16<UInt8>.self, at: start + 2)
            let (low, high) = (SIMD16<Float>(pairs & 15), SIMD16<Float>(pairs &>> 4))
            values.store((low - 8) * scale, at: block * 32)
            values.store((high - 8) * scale, at: block * 32 + 16)
        }
    }
}

/// 32 nibbles behind a half-precision scale and minimum: `scale * q + minimum`.
///
/// Byte `i` holds number `i` in its low half and number `i + 16` in its high half.
enum Q4_1Format: BlockFormat {
    static let type = TensorType(3, "Q4_1", blockSize: 32, blockByteCount: 20)

    static func decode(_ blocks: RawSpan, into values: inout MutableSpan<Float>) {
        for block in 0..<values.count / 32 {
            let start = block * 20
            let scale = blocks.loadHalf(at: start)
            let minimum = blocks.loadHalf(at: start + 2)
            let pairs = blocks.load(SIMD16<UInt8>.self, at: start + 4)
            let (low, high) = (SIMD16<Float>(pairs & 15), SIMD16<Float>(pairs &>> 4))
            values.store(low * scale + minimum, at: block * 32)
            values.store(high * scale + minimum, at: block * 32 + 16)
        }
    }
}

extension MutableSpan<Float> {
    /// Stores the numbers of `vector` from `index` on; they must fit.
    @inline(__always)
    fileprivate mutating func store<Vector: SIMD>(_ vector: Vector, at index: Int)
    where Vector.Scalar == Float, Vector: BitwiseCopyable {
        // SAFETY: the span checks its bounds, and every bit pattern is a Float.
        var bytes = unsafe mutableBytes
        bytes.storeBytes(of: vector, toByteOffset: index * 4, as: Vector.self)
    }
}
