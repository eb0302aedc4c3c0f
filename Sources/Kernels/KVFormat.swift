internal import CKernels

/// How keys and values are stored in the cache.
public enum KVFormat: String, CaseIterable, Sendable {
    /// 32-bit floats.
    case f32
    /// The upper 16 bits of a 32-bit float, rounded to nearest even: half the memory to read.
    case bf16

    /// Bytes of one entry.
    public var byteCount: Int {
        switch self {
        case .f32: MemoryLayout<Float>.size
        case .bf16: MemoryLayout<UInt16>.size
        }
    }

    var code: kn_format {
        switch self {
        case .f32: KN_F32
        case .bf16: KN_BF16
        }
    }
}
