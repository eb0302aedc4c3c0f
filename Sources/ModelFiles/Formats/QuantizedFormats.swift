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

/// 32 numbers of five bits behind one half-precision scale: `scale * (q - 16)`.
///
/// Byte `i` holds the low four bits of number `i` and, in its high half, those of number `i + 16`;
/// bit `i` of the 32 bits in front of them is the fifth bit of number `i`.
enum Q5_0Format: BlockFormat {
    static let type = TensorType(6, "Q5_0", blockSize: 32, blockByteCount: 22)

    static func decode(_ blocks: RawSpan, into values: inout MutableSpan<Float>) {
        for block in 0..<values.count / 32 {
            let start = block * 22
            let scale = blocks.loadHalf(at: start)
            let (low, high) = blocks.loadFiveBits(pairsAt: start + 6, fifthsAt: start + 2)
            values.store((SIMD16<Float>(low) - 16) * scale, at: block * 32)
            values.store((SIMD16<Float>(high) - 16) * scale, at: block * 32 + 16)
        }
    }
}

/// 32 numbers of five bits behind a half-precision scale and minimum: `scale * q + minimum`.
enum Q5_1Format: BlockFormat {
    static let type = TensorType(7, "Q5_1", blockSize: 32, blockByteCount: 24)

    static func decode(_ blocks: RawSpan, into values: inout MutableSpan<Float>) {
        for block in 0..<values.count / 32 {
            let start = block * 24
            let scale = blocks.loadHalf(at: start)
            let minimum = blocks.loadHalf(at: start + 2)
            let (low, high) = blocks.loadFiveBits(pairsAt: start + 8, fifthsAt: start + 4)
            values.store(SIMD16<Float>(low) * scale + minimum, at: block * 32)
            values.store(SIMD16<Float>(high) * scale + minimum, at: block * 32 + 16)
        }
    }
}

extension RawSpan {
    /// The numbers of a Q5_0 or Q5_1 block: the first sixteen, and the others.
    @inline(__always)
    fileprivate func loadFiveBits(
        pairsAt pairs: Int,
        fifthsAt fifths: Int
    ) -> (low: SIMD16<UInt8>, high: SIMD16<UInt8>) {
        let bytes = load(SIMD16<UInt8>.self, at: pairs)
        let bits = load(UInt32.self, at: fifths)
        return (
            (bytes & 15) | Self.fifths(UInt16(truncatingIfNeeded: bits)),
            (bytes &>> 4) | Self.fifths(UInt16(truncatingIfNeeded: bits >> 16))
        )
    }

    /// 16 in every lane whose bit is set.
    @inline(__always)
    private static func fifths(_ bits: UInt16) -> SIMD16<UInt8> {
        let lanes = SIMD2(fifths(UInt8(truncatingIfNeeded: bits)), fifths(UInt8(bits >> 8)))
        // SAFETY: both are sixteen bytes, and every bit pattern is valid.
        return unsafe unsafeBitCast(lanes, to: SIMD16<UInt8>.self)
    }

    /// 16 in every byte whose bit is set.
    @inline(__always)
    private static func fifths(_ bits: UInt8) -> UInt64 {
        // Bit `i` alone stays in byte `i`, then any byte above zero carries into its highest bit.
        let single = (UInt64(bits) &* 0x0101_0101_0101_0101) & 0x8040_2010_0804_0201
        return ((single &+ 0x7f7f_7f7f_7f7f_7f7f) >> 3) & 0x1010_1010_1010_1010
    }
}
