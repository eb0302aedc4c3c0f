/// A Swift type that a metadata value can be read as.
///
/// Widths are forgiven, meanings are not: any integer that fits reads as `.integer`, but a
/// floating-point number never does.
public struct MetadataKind<Value>: Sendable {
    /// What errors say was expected.
    let name: String

    /// The value, or nil when it is of another type or does not fit.
    let extract: @Sendable (MetadataValue) -> Value?
}

extension MetadataKind<String> {
    /// Text.
    public static var string: Self {
        Self(name: "string") { if case .string(let value) = $0 { value } else { nil } }
    }
}

extension MetadataKind<Bool> {
    /// True or false.
    public static var bool: Self {
        Self(name: "bool") { if case .bool(let value) = $0 { value } else { nil } }
    }
}

extension MetadataKind<Int> {
    /// An integer of any width that fits 63 bits.
    public static var integer: Self {
        Self(name: "integer") {
            switch $0 {
            case .uint8(let value): Int(value)
            case .int8(let value): Int(value)
            case .uint16(let value): Int(value)
            case .int16(let value): Int(value)
            case .uint32(let value): Int(value)
            case .int32(let value): Int(value)
            case .uint64(let value): Int(exactly: value)
            case .int64(let value): Int(value)
            default: nil
            }
        }
    }
}

extension MetadataKind<Double> {
    /// A floating-point number of either width.
    public static var float: Self {
        Self(name: "float") {
            switch $0 {
            case .float32(let value): Double(value)
            case .float64(let value): value
            default: nil
            }
        }
    }
}

extension MetadataKind<[String]> {
    /// Texts.
    public static var strings: Self {
        Self(name: "array of string") {
            if case .array(.string(let values)) = $0 { values } else { nil }
        }
    }
}

extension MetadataKind<[Int]> {
    /// Integers of any width that fit 63 bits.
    public static var integers: Self {
        Self(name: "array of integer") {
            guard case .array(let array) = $0 else { return nil }
            return switch array {
            case .uint8(let values): values.map(Int.init)
            case .int8(let values): values.map(Int.init)
            case .uint16(let values): values.map(Int.init)
            case .int16(let values): values.map(Int.init)
            case .uint32(let values): values.map(Int.init)
            case .int32(let values): values.map(Int.init)
            case .uint64(let values):
                values.allSatisfy { $0 <= UInt64(Int.max) } ? values.map(Int.init) : nil
            case .int64(let values): values.map(Int.init)
            default: nil
            }
        }
    }
}

extension MetadataKind<[Float]> {
    /// Floating-point numbers, 32 bits each.
    public static var floats: Self {
        Self(name: "array of float32") {
            if case .array(.float32(let values)) = $0 { values } else { nil }
        }
    }
}
