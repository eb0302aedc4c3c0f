/// 32 nibbles, each of which picks one of sixteen unevenly spaced values: `scale * table[q]`.
enum IQ4_NLFormat: BlockFormat {
    static let type = TensorType(20, "IQ4_NL", blockSize: 32, blockByteCount: 18)

    static func decode(_ blocks: RawSpan, into values: inout MutableSpan<Float>) {
        for block in 0..<values.count / 32 {
            let start = block * 18
            let scale = blocks.loadHalf(at: start)
            UnevenLevels.decode(blocks, at: start + 2, scale, into: &values, from: block * 32)
        }
    }
}

/// 256 nibbles in eight groups with scales of six bits, each nibble as in IQ4_NL.
enum IQ4_XSFormat: BlockFormat {
    static let type = TensorType(23, "IQ4_XS", blockSize: 256, blockByteCount: 136)

    static func decode(_ blocks: RawSpan, into values: inout MutableSpan<Float>) {
        for block in 0..<values.count / 256 {
            let start = block * 136
            let scale = blocks.loadHalf(at: start)
            let highBits = blocks.load(UInt16.self, at: start + 2)
            for group in 0..<8 {
                let low = blocks.load(UInt8.self, at: start + 4 + group / 2) >> (group % 2 * 4)
                let high = UInt8(truncatingIfNeeded: highBits >> (2 * group))
                let factor = Int8((low & 15) | (high & 3) << 4) - 32
                UnevenLevels.decode(
                    blocks,
                    at: start + 8 + group * 16,
                    scale * Float(factor),
                    into: &values,
                    from: block * 256 + group * 32
                )
            }
        }
    }
}

/// The sixteen values that ggml's non-linear formats choose from.
private enum UnevenLevels {
    private static let values: InlineArray<16, Float> = [
        -127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113,
    ]

    /// Writes the 32 numbers of the 16 bytes at `offset`: low halves first.
    @inline(__always)
    static func decode(
        _ blocks: RawSpan,
        at offset: Int,
        _ scale: Float,
        into output: inout MutableSpan<Float>,
        from first: Int
    ) {
        for index in 0..<16 {
            let pair = blocks.load(UInt8.self, at: offset + index)
            output[first + index] = scale * values[Int(pair & 15)]
            output[first + index + 16] = scale * values[Int(pair >> 4)]
        }
    }
}
