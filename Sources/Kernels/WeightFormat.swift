internal import CKernels

/// How a weight matrix is stored in memory.
public enum WeightFormat: String, CaseIterable, Sendable {
    /// 32-bit floats.
    case f32
    /// The upper 16 bits of a 32-bit float, rounded to nearest even.
    case bf16
    /// Signed bytes with a 32-bit scale and offset for each 32 entries of a row.
    case int8

    /// Bytes of one row of a matrix.
    public func rowByteCount(_ columnCount: Int) -> Int {
        switch self {
        case .f32: columnCount * MemoryLayout<Float>.size
        case .bf16: columnCount * MemoryLayout<UInt16>.size
        case .int8:
            (columnCount + Int(KN_GROUP_SIZE) - 1) / Int(KN_GROUP_SIZE)
                * MemoryLayout<kn_group>.stride
        }
    }

    var code: kn_format {
        switch self {
        case .f32: KN_F32
        case .bf16: KN_BF16
        case .int8: KN_INT8
        }
    }
}
