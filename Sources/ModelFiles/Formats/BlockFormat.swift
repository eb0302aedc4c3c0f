/// A storage format of tensors that can be turned into floats.
protocol BlockFormat: SendableMetatype {
    /// Code, name and block sizes.
    static var type: TensorType { get }

    /// Turns whole blocks into floats.
    ///
    /// - Parameters:
    ///   - blocks: As many bytes as the blocks of `values` take.
    ///   - values: Overwritten; a multiple of the block size.
    static func decode(_ blocks: RawSpan, into values: inout MutableSpan<Float>)
}

extension RawSpan {
    /// Numbers at a byte offset, which must lie inside the span.
    ///
    /// Only for vectors of integers, and for integers: every bit pattern is one.
    @inline(__always)
    func load<Value: BitwiseCopyable & Hashable>(_ type: Value.Type, at offset: Int) -> Value {
        // SAFETY: the span checks its bounds, and every bit pattern is an integer.
        unsafe unsafeLoadUnaligned(fromByteOffset: offset, as: type)
    }

    /// The half-precision number at a byte offset.
    @inline(__always)
    func loadHalf(at offset: Int) -> Float {
        Float(halfBits: load(UInt16.self, at: offset))
    }
}

extension MutableSpan<Float> {
    /// Stores the numbers of `vector` from `index` on; they must fit.
    @inline(__always)
    mutating func store<Vector: SIMD>(_ vector: Vector, at index: Int)
    where Vector.Scalar == Float, Vector: BitwiseCopyable {
        // SAFETY: the span checks its bounds, and every bit pattern is a Float.
        var bytes = unsafe mutableBytes
        bytes.storeBytes(of: vector, toByteOffset: index * 4, as: Vector.self)
    }
}

extension Float {
    /// The value of an IEEE half-precision number, exactly.
    ///
    /// Baseline x86-64 has no instruction for this, and the library call that stands in for it
    /// keeps the compiler from working on several numbers at once.
    @inline(__always)
    init(halfBits bits: UInt16) {
        // Exponent and fraction move to their places; the product corrects the exponent's bias
        // and normalises subnormal numbers.
        let magnitude =
            Float(bitPattern: UInt32(bits & 0x7fff) << 13) * Float(bitPattern: (254 - 15) << 23)
        let notFinite: UInt32 = bits & 0x7c00 == 0x7c00 ? 0xff << 23 : 0
        let sign = UInt32(bits & 0x8000) << 16
        self = Float(bitPattern: magnitude.bitPattern | notFinite | sign)
    }
}
