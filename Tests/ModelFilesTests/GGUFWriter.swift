/// Writes GGUF files, sound and unsound ones.
///
/// It stands on its own, without `import ModelFiles`, because the fuzz target writes its seeds with
/// it too.
struct GGUFWriter {
    enum Value {
        case uint8(UInt8)
        case uint32(UInt32)
        case int32(Int32)
        case uint64(UInt64)
        case float32(Float)
        case float64(Double)
        case bool(Bool)
        case string(String)
        case strings([String])
        /// Type code and bytes, as they are.
        case raw(UInt32, [UInt8])
    }

    struct Tensor {
        var name: String
        var dimensions: [UInt64]
        var type: UInt32
        var data: [UInt8]
        /// From the start of the data; nil: behind the tensor before it.
        var offset: UInt64?
    }

    var signature: [UInt8] = Array("GGUF".utf8)
    var version: UInt32 = 3
    var metadata: [(key: String, value: Value)] = []
    var tensors: [Tensor] = []
    var alignment = 32
    /// Nil: the true count.
    var tensorCount: UInt64?
    /// Nil: the true count.
    var metadataCount: UInt64?

    mutating func add(_ key: String, _ value: Value) {
        metadata.append((key, value))
    }

    mutating func addTensor(
        _ name: String,
        _ dimensions: [UInt64],
        type: UInt32 = 0,
        data: [UInt8]? = nil,
        offset: UInt64? = nil
    ) {
        let count = dimensions.reduce(1, *)
        let data = data ?? [UInt8](repeating: 0, count: Int(count) * 4)
        tensors.append(
            Tensor(name: name, dimensions: dimensions, type: type, data: data, offset: offset)
        )
    }

    /// Everything before the tensors' data, not aligned yet.
    var header: [UInt8] {
        var bytes = signature + littleEndian(version)
        bytes += littleEndian(tensorCount ?? UInt64(tensors.count))
        bytes += littleEndian(metadataCount ?? UInt64(metadata.count))
        for (key, value) in metadata {
            bytes += Self.text(key) + Self.encode(value)
        }
        var end: UInt64 = 0
        for tensor in tensors {
            bytes += Self.text(tensor.name)
            bytes += littleEndian(UInt32(tensor.dimensions.count))
            bytes += tensor.dimensions.flatMap { littleEndian($0) }
            bytes += littleEndian(tensor.type) + littleEndian(tensor.offset ?? end)
            end += UInt64(Self.aligned(tensor.data.count, to: alignment))
        }
        return bytes
    }

    var bytes: [UInt8] {
        var bytes = header
        for tensor in tensors {
            bytes += [UInt8](
                repeating: 0,
                count: Self.aligned(bytes.count, to: alignment) - bytes.count
            )
            bytes += tensor.data
        }
        return bytes
    }

    static func text(_ text: String) -> [UInt8] {
        littleEndian(UInt64(text.utf8.count)) + Array(text.utf8)
    }

    private static func encode(_ value: Value) -> [UInt8] {
        switch value {
        case .uint8(let value): littleEndian(UInt32(0)) + [value]
        case .uint32(let value): littleEndian(UInt32(4)) + littleEndian(value)
        case .int32(let value): littleEndian(UInt32(5)) + littleEndian(value)
        case .float32(let value): littleEndian(UInt32(6)) + littleEndian(value.bitPattern)
        case .bool(let value): littleEndian(UInt32(7)) + [value ? 1 : 0]
        case .string(let value): littleEndian(UInt32(8)) + text(value)
        case .strings(let values):
            littleEndian(UInt32(9)) + littleEndian(UInt32(8)) + littleEndian(UInt64(values.count))
                + values.flatMap { text($0) }
        case .uint64(let value): littleEndian(UInt32(10)) + littleEndian(value)
        case .float64(let value): littleEndian(UInt32(12)) + littleEndian(value.bitPattern)
        case .raw(let type, let bytes): littleEndian(type) + bytes
        }
    }

    private static func aligned(_ size: Int, to alignment: Int) -> Int {
        (size + alignment - 1) / alignment * alignment
    }
}

/// The bytes of an integer, lowest first.
func littleEndian<Value: FixedWidthInteger>(_ value: Value) -> [UInt8] {
    (0..<Value.bitWidth / 8).map { UInt8(truncatingIfNeeded: value >> Value($0 * 8)) }
}
