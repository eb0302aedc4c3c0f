internal import CKernels

/// How a weight matrix is stored in memory.
public enum WeightFormat: String, CaseIterable, Sendable {
    /// 32-bit floats.
    case f32
    /// The upper 16 bits of a 32-bit float, rounded to nearest even.
    case bf16
    /// Bytes, as multiples of a unit an output.
    case int8
    /// Half bytes, with a step and a base for each 32 entries of a row, and a unit an output.
    case int4

    /// Bytes of one row of a matrix.
    public func rowByteCount(_ columnCount: Int) -> Int {
        let groups = (columnCount + Int(KN_GROUP_SIZE) - 1) / Int(KN_GROUP_SIZE)
        return switch self {
        case .f32: columnCount * MemoryLayout<Float>.size
        case .bf16: columnCount * MemoryLayout<UInt16>.size
        case .int8: groups * Int(KN_GROUP_SIZE)
        case .int4: groups * (MemoryLayout<kn_scaling>.stride + Int(KN_GROUP_SIZE) / 2)
        }
    }

    /// Whether products with the format take activations as whole numbers.
    var isQuantised: Bool { self == .int8 || self == .int4 }

    var code: kn_format {
        switch self {
        case .f32: KN_F32
        case .bf16: KN_BF16
        case .int8: KN_INT8
        case .int4: KN_INT4
        }
    }
}
