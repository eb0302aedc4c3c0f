/// IEEE single precision.
enum F32Format: BlockFormat {
    static let type = TensorType(0, "F32", blockSize: 1, blockByteCount: 4)

    static func decode(_ blocks: RawSpan, into values: inout MutableSpan<Float>) {
        for index in values.indices {
            values[index] = Float(bitPattern: blocks.load(UInt32.self, at: index * 4))
        }
    }
}

/// IEEE half precision.
enum F16Format: BlockFormat {
    static let type = TensorType(1, "F16", blockSize: 1, blockByteCount: 2)

    static func decode(_ blocks: RawSpan, into values: inout MutableSpan<Float>) {
        for index in values.indices {
            values[index] = blocks.loadHalf(at: index * 2)
        }
    }
}

/// The upper half of single precision.
enum BF16Format: BlockFormat {
    static let type = TensorType(30, "BF16", blockSize: 1, blockByteCount: 2)

    static func decode(_ blocks: RawSpan, into values: inout MutableSpan<Float>) {
        for index in values.indices {
            values[index] = Float(bitPattern: UInt32(blocks.load(UInt16.self, at: index * 2)) << 16)
        }
    }
}
