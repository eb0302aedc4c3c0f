/// One value of a GGUF file's metadata, in the type it is stored as.
public enum MetadataValue: Sendable, Equatable {
    /// Unsigned, 8 bits.
    case uint8(UInt8)
    /// Signed, 8 bits.
    case int8(Int8)
    /// Unsigned, 16 bits.
    case uint16(UInt16)
    /// Signed, 16 bits.
    case int16(Int16)
    /// Unsigned, 32 bits.
    case uint32(UInt32)
    /// Signed, 32 bits.
    case int32(Int32)
    /// Floating point, 32 bits.
    case float32(Float)
    /// True or false.
    case bool(Bool)
    /// UTF-8 text.
    case string(String)
    /// Values of one type.
    case array(MetadataArray)
    /// Unsigned, 64 bits.
    case uint64(UInt64)
    /// Signed, 64 bits.
    case int64(Int64)
    /// Floating point, 64 bits.
    case float64(Double)
}

/// Many metadata values of one type.
public enum MetadataArray: Sendable, Equatable {
    /// Unsigned, 8 bits each.
    case uint8([UInt8])
    /// Signed, 8 bits each.
    case int8([Int8])
    /// Unsigned, 16 bits each.
    case uint16([UInt16])
    /// Signed, 16 bits each.
    case int16([Int16])
    /// Unsigned, 32 bits each.
    case uint32([UInt32])
    /// Signed, 32 bits each.
    case int32([Int32])
    /// Floating point, 32 bits each.
    case float32([Float])
    /// True or false each.
    case bool([Bool])
    /// UTF-8 text each.
    case string([String])
    /// Arrays, which may differ in type and length.
    case array([MetadataArray])
    /// Unsigned, 64 bits each.
    case uint64([UInt64])
    /// Signed, 64 bits each.
    case int64([Int64])
    /// Floating point, 64 bits each.
    case float64([Double])
}

/// The numbers that stand for the types in a file.
enum MetadataType: UInt32, CaseIterable {
    case uint8, int8, uint16, int16, uint32, int32, float32, bool, string, array
    case uint64, int64, float64

    /// The fewest bytes that one value takes.
    var minimumSize: Int {
        switch self {
        case .uint8, .int8, .bool: 1
        case .uint16, .int16: 2
        case .uint32, .int32, .float32: 4
        case .uint64, .int64, .float64, .string: 8
        case .array: 12  // element type and count
        }
    }
}

extension MetadataValue {
    /// The type.
    var type: MetadataType {
        switch self {
        case .uint8: .uint8
        case .int8: .int8
        case .uint16: .uint16
        case .int16: .int16
        case .uint32: .uint32
        case .int32: .int32
        case .float32: .float32
        case .bool: .bool
        case .string: .string
        case .array: .array
        case .uint64: .uint64
        case .int64: .int64
        case .float64: .float64
        }
    }

    /// The type as errors name it.
    var typeName: String {
        switch self {
        case .array(let array): "array of \(array.elementType)"
        default: "\(type)"
        }
    }
}

extension MetadataArray {
    /// The type of the elements.
    var elementType: MetadataType {
        switch self {
        case .uint8: .uint8
        case .int8: .int8
        case .uint16: .uint16
        case .int16: .int16
        case .uint32: .uint32
        case .int32: .int32
        case .float32: .float32
        case .bool: .bool
        case .string: .string
        case .array: .array
        case .uint64: .uint64
        case .int64: .int64
        case .float64: .float64
        }
    }
}

extension MetadataArray {
    /// The elements, where they are integers that fit.
    var integers: [Int]? {
        switch self {
        case .uint8(let values): values.map { Int($0) }
        case .int8(let values): values.map { Int($0) }
        case .uint16(let values): values.map { Int($0) }
        case .int16(let values): values.map { Int($0) }
        case .uint32(let values): values.map { Int($0) }
        case .int32(let values): values.map { Int($0) }
        case .uint64(let values): values.allSatisfy { $0 <= Int.max } ? values.map { Int($0) } : nil
        case .int64(let values): values.map { Int($0) }
        default: nil
        }
    }
}
