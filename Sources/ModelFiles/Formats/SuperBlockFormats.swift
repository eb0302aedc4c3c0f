/// 256 numbers of two bits in sixteen groups: `scale * q - minimum`, both of four bits a group,
/// behind half-precision factors for all scales and all minima.
enum Q2_KFormat: BlockFormat {
    static let type = TensorType(10, "Q2_K", blockSize: 256, blockByteCount: 84)

    static func decode(_ blocks: RawSpan, into values: inout MutableSpan<Float>) {
        for block in 0..<values.count / 256 {
            let start = block * 84
            let scale = blocks.loadHalf(at: start + 80)
            let minimum = blocks.loadHalf(at: start + 82)
            for group in 0..<16 {
                let factors = blocks.load(UInt8.self, at: start + group)
                let (half, shift) = (group / 8, UInt8(group % 8 / 2 * 2))
                let offset = start + 16 + half * 32 + group % 2 * 16
                let quants = (blocks.load(SIMD16<UInt8>.self, at: offset) &>> shift) & 3
                values.store(
                    SIMD16<Float>(quants) * (scale * Float(factors & 15))
                        - minimum * Float(factors >> 4),
                    at: block * 256 + group * 16
                )
            }
        }
    }
}

/// 256 numbers of three bits in sixteen groups: `scale * (q - 4)`, with scales of six bits.
///
/// The third bits come first, one byte for eight numbers that lie 32 apart.
enum Q3_KFormat: BlockFormat {
    static let type = TensorType(11, "Q3_K", blockSize: 256, blockByteCount: 110)

    static func decode(_ blocks: RawSpan, into values: inout MutableSpan<Float>) {
        for block in 0..<values.count / 256 {
            let start = block * 110
            let scale = blocks.loadHalf(at: start + 108)
            for group in 0..<16 {
                // Four low bits in the first eight bytes, two high bits in the last four.
                let low = blocks.load(UInt8.self, at: start + 96 + group % 8) >> (group / 8 * 4)
                let high = blocks.load(UInt8.self, at: start + 104 + group % 4) >> (group / 4 * 2)
                let factor = Int8((low & 15) | (high & 3) << 4) - 32
                let (half, shift) = (group / 8, UInt8(group % 8 / 2 * 2))
                let column = group % 2 * 16
                let quants =
                    (blocks.load(SIMD16<UInt8>.self, at: start + 32 + half * 32 + column)
                        &>> shift) & 3
                let thirds =
                    (blocks.load(SIMD16<UInt8>.self, at: start + column) &>> UInt8(group / 2)) & 1
                values.store(
                    (SIMD16<Float>(quants | thirds &<< 2) - 4) * (scale * Float(factor)),
                    at: block * 256 + group * 16
                )
            }
        }
    }
}

/// 256 numbers of four bits in eight groups: `scale * q - minimum`, both of six bits a group.
enum Q4_KFormat: BlockFormat {
    static let type = TensorType(12, "Q4_K", blockSize: 256, blockByteCount: 144)

    static func decode(_ blocks: RawSpan, into values: inout MutableSpan<Float>) {
        for block in 0..<values.count / 256 {
            let start = block * 144
            let factors = SixBitFactors(blocks, at: start)
            for pair in 0..<4 {
                let (scale, minimum) = factors.group(2 * pair)
                let (highScale, highMinimum) = factors.group(2 * pair + 1)
                for column in stride(from: 0, to: 32, by: 16) {
                    let offset = start + 16 + pair * 32 + column
                    let bytes = blocks.load(SIMD16<UInt8>.self, at: offset)
                    let target = block * 256 + pair * 64 + column
                    values.store(SIMD16<Float>(bytes & 15) * scale - minimum, at: target)
                    values.store(
                        SIMD16<Float>(bytes &>> 4) * highScale - highMinimum,
                        at: target + 32
                    )
                }
            }
        }
    }
}

/// 256 numbers of five bits in eight groups: `scale * q - minimum`, both of six bits a group.
enum Q5_KFormat: BlockFormat {
    static let type = TensorType(13, "Q5_K", blockSize: 256, blockByteCount: 176)

    static func decode(_ blocks: RawSpan, into values: inout MutableSpan<Float>) {
        for block in 0..<values.count / 256 {
            let start = block * 176
            let factors = SixBitFactors(blocks, at: start)
            for pair in 0..<4 {
                let (scale, minimum) = factors.group(2 * pair)
                let (highScale, highMinimum) = factors.group(2 * pair + 1)
                for column in stride(from: 0, to: 32, by: 16) {
                    let offset = start + 48 + pair * 32 + column
                    let bytes = blocks.load(SIMD16<UInt8>.self, at: offset)
                    let bits =
                        blocks.load(SIMD16<UInt8>.self, at: start + 16 + column)
                        &>> UInt8(2 * pair)
                    let low = (bytes & 15) | (bits & 1) &<< 4
                    let high = (bytes &>> 4) | (bits & 2) &<< 3
                    let target = block * 256 + pair * 64 + column
                    values.store(SIMD16<Float>(low) * scale - minimum, at: target)
                    values.store(SIMD16<Float>(high) * highScale - highMinimum, at: target + 32)
                }
            }
        }
    }
}

/// 256 numbers of six bits in sixteen groups: `scale * (q - 32)`, with scales of eight bits.
enum Q6_KFormat: BlockFormat {
    static let type = TensorType(14, "Q6_K", blockSize: 256, blockByteCount: 210)

    static func decode(_ blocks: RawSpan, into values: inout MutableSpan<Float>) {
        for block in 0..<values.count / 256 {
            let start = block * 210
            let scale = blocks.loadHalf(at: start + 208)
            for half in 0..<2 {
                for group in 0..<2 {
                    let column = group * 16
                    let low = start + half * 64 + column
                    let first = blocks.load(SIMD16<UInt8>.self, at: low)
                    let second = blocks.load(SIMD16<UInt8>.self, at: low + 32)
                    let bits = blocks.load(
                        SIMD16<UInt8>.self,
                        at: start + 128 + half * 32 + column
                    )
                    let quants: InlineArray<4, SIMD16<UInt8>> = [
                        (first & 15) | (bits & 3) &<< 4,
                        (second & 15) | (bits & 12) &<< 2,
                        (first &>> 4) | (bits & 48),
                        (second &>> 4) | (bits &>> 2) & 48,
                    ]
                    for part in 0..<4 {
                        let factor = blocks.load(
                            Int8.self,
                            at: start + 192 + half * 8 + part * 2 + group
                        )
                        values.store(
                            (SIMD16<Float>(quants[part]) - 32) * (scale * Float(factor)),
                            at: block * 256 + half * 128 + part * 32 + column
                        )
                    }
                }
            }
        }
    }
}

/// 256 signed bytes behind one single-precision scale; the sums behind them are of no use here.
enum Q8_KFormat: BlockFormat {
    static let type = TensorType(15, "Q8_K", blockSize: 256, blockByteCount: 292)

    static func decode(_ blocks: RawSpan, into values: inout MutableSpan<Float>) {
        for block in 0..<values.count / 256 {
            let start = block * 292
            let scale = Float(bitPattern: blocks.load(UInt32.self, at: start))
            for group in 0..<16 {
                let quants = blocks.load(SIMD16<Int8>.self, at: start + 4 + group * 16)
                values.store(SIMD16<Float>(quants) * scale, at: block * 256 + group * 16)
            }
        }
    }
}

/// The scales and minima of a Q4_K or Q5_K block: two halves, then twelve bytes that hold eight
/// scales and eight minima of six bits each.
private struct SixBitFactors {
    private let scale: Float
    private let minimum: Float
    private let packed: SIMD16<UInt8>

    @inline(__always)
    init(_ blocks: RawSpan, at start: Int) {
        scale = blocks.loadHalf(at: start)
        minimum = blocks.loadHalf(at: start + 2)
        // The last four bytes belong to what follows in the block, and are not looked at.
        packed = blocks.load(SIMD16<UInt8>.self, at: start + 4)
    }

    @inline(__always)
    func group(_ index: Int) -> (scale: Float, minimum: Float) {
        guard index >= 4 else {
            return (
                scale * Float(packed[index] & 63), minimum * Float(packed[index + 4] & 63)
            )
        }
        let (low, highScale, highMinimum) = (packed[index + 4], packed[index - 4], packed[index])
        return (
            scale * Float((low & 15) | (highScale >> 6) << 4),
            minimum * Float((low >> 4) | (highMinimum >> 6) << 4)
        )
    }
}
