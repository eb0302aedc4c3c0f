public import Foundation

/// Writes a GGUF file: version 3, little-endian, metadata first, then tensors.
public struct GGUFFileWriter {
    /// A tensor to write.
    public struct Tensor {
        /// Unique in its file.
        public let name: String
        /// Sizes, the fastest dimension first.
        public let dimensions: [Int]
        /// How the numbers are stored.
        public let type: TensorType
        /// Yields the data row by row, `rowByteCount` bytes each.
        let row: (Int) throws(ModelFileError) -> [UInt8]

        var rowCount: Int { dimensions.dropFirst().reduce(1, *) }
        var rowByteCount: Int { dimensions[0] / type.blockSize * type.blockByteCount }
    }

    /// Every tensor's data starts at a multiple of this.
    static let alignment = 32

    /// All key-value pairs; `general.alignment` is ours.
    public var metadata: [String: MetadataValue]
    /// The tensors, in file order.
    public var tensors: [Tensor]

    /// A file with this content.
    public init(metadata: [String: MetadataValue], tensors: [Tensor]) {
        self.metadata = metadata
        self.tensors = tensors
    }

    /// Writes to a temporary file beside `url`, then renames it: whole or not at all.
    ///
    /// - Returns: Bytes written.
    /// - Throws: `ModelFileError` when the file cannot be written, or a tensor not be read.
    @discardableResult
    public func write(to url: URL) throws(ModelFileError) -> Int {
        let temporary = url.path + ".part"
        do {
            var file = try OutputFile(appendingTo: temporary)
            try file.clear()
            try file.write(header)
            try pad(&file)
            for tensor in tensors {
                for row in 0..<tensor.rowCount { try file.write(try tensor.row(row)) }
                try pad(&file)
            }
            try file.synchronize()
            try file.rename(to: url.path)
            return file.count
        } catch {
            try? FileManager.default.removeItem(atPath: temporary)
            throw error
        }
    }

    private func pad(_ file: inout OutputFile) throws(ModelFileError) {
        let excess = file.count % Self.alignment
        guard excess != 0 else { return }
        try file.write([UInt8](repeating: 0, count: Self.alignment - excess))
    }

    /// Everything before the tensors' data, not aligned yet.
    private var header: [UInt8] {
        var bytes = Array("GGUF".utf8)
        bytes.append(integer: UInt32(3))
        bytes.append(integer: UInt64(tensors.count))
        let pairs = metadata.filter { $0.key != "general.alignment" }.sorted(by: Self.comesFirst)
        bytes.append(integer: UInt64(pairs.count))
        for (key, value) in pairs {
            bytes.append(key)
            bytes.append(integer: value.type.rawValue)
            bytes.append(value)
        }
        var offset = 0
        for tensor in tensors {
            bytes.append(tensor.name)
            bytes.append(integer: UInt32(tensor.dimensions.count))
            for dimension in tensor.dimensions { bytes.append(integer: UInt64(dimension)) }
            bytes.append(integer: tensor.type.code)
            bytes.append(integer: UInt64(offset))
            let size = tensor.rowCount * tensor.rowByteCount
            offset += (size + Self.alignment - 1) / Self.alignment * Self.alignment
        }
        return bytes
    }

    /// `general.*` first, for readers that look at the architecture before the rest.
    private static func comesFirst(
        _ left: (key: String, value: MetadataValue),
        _ right: (key: String, value: MetadataValue)
    ) -> Bool {
        let ranks = [left, right].map { $0.key.hasPrefix("general.") ? 0 : 1 }
        return (ranks[0], left.key) < (ranks[1], right.key)
    }
}

extension [UInt8] {
    /// Appends a number, little-endian.
    fileprivate mutating func append(integer value: some FixedWidthInteger) {
        for shift in stride(from: 0, to: value.bitWidth, by: 8) {
            append(UInt8(truncatingIfNeeded: value >> shift))
        }
    }

    /// Appends a text as the format has it: its length, then its bytes.
    fileprivate mutating func append(_ text: String) {
        append(integer: UInt64(text.utf8.count))
        append(contentsOf: Array(text.utf8))
    }

    fileprivate mutating func append(_ value: MetadataValue) {
        switch value {
        case .uint8(let number): append(integer: number)
        case .int8(let number): append(integer: number)
        case .uint16(let number): append(integer: number)
        case .int16(let number): append(integer: number)
        case .uint32(let number): append(integer: number)
        case .int32(let number): append(integer: number)
        case .float32(let number): append(integer: number.bitPattern)
        case .bool(let holds): append(integer: UInt8(holds ? 1 : 0))
        case .string(let text): append(text)
        case .array(let array): append(array)
        case .uint64(let number): append(integer: number)
        case .int64(let number): append(integer: number)
        case .float64(let number): append(integer: number.bitPattern)
        }
    }

    fileprivate mutating func append(_ array: MetadataArray) {
        append(integer: array.elementType.rawValue)
        switch array {
        case .uint8(let values): append(integers: values)
        case .int8(let values): append(integers: values)
        case .uint16(let values): append(integers: values)
        case .int16(let values): append(integers: values)
        case .uint32(let values): append(integers: values)
        case .int32(let values): append(integers: values)
        case .float32(let values): append(integers: values.map(\.bitPattern))
        case .bool(let values): append(integers: values.map { UInt8($0 ? 1 : 0) })
        case .string(let values):
            append(integer: UInt64(values.count))
            for value in values { append(value) }
        case .array(let values):
            append(integer: UInt64(values.count))
            for value in values { append(value) }
        case .uint64(let values): append(integers: values)
        case .int64(let values): append(integers: values)
        case .float64(let values): append(integers: values.map(\.bitPattern))
        }
    }

    private mutating func append(integers values: [some FixedWidthInteger]) {
        append(integer: UInt64(values.count))
        for value in values { append(integer: value) }
    }
}
