/// Reads the header of a GGUF file from front to back, and checks each length before it is used.
struct GGUFReader {
    let file: MappedFile

    /// Where the next field starts.
    private(set) var offset = 0

    /// Arrays of arrays of arrays of arrays are the deepest that is read.
    private static let depthLimit = 4

    init(_ file: MappedFile) {
        self.file = file
    }

    private var remaining: Int { file.count - offset }

    /// The error that the field that starts at `offset` is not what it should be.
    func malformed(
        at offset: Int,
        _ field: String,
        expected: String,
        found: String
    ) -> ModelFileError {
        .malformed(
            path: file.path,
            offset: offset,
            field: field,
            expected: expected,
            found: found
        )
    }

    // MARK: Numbers

    mutating func integer<Value: FixedWidthInteger & BitwiseCopyable>(
        _ type: Value.Type,
        _ field: @autoclosure () -> String
    ) throws(ModelFileError) -> Value {
        guard let value = file.load(type, at: offset) else {
            throw malformed(
                at: offset,
                field(),
                expected: "\(MemoryLayout<Value>.size) bytes",
                found: "\(remaining) bytes before the end of the file"
            )
        }
        offset += MemoryLayout<Value>.size
        return value
    }

    /// A count of things that take at least `minimumSize` bytes each, so that nothing larger than
    /// the file is ever made room for.
    mutating func count(
        _ field: @autoclosure () -> String,
        minimumSize: Int
    ) throws(ModelFileError) -> Int {
        let start = offset
        let value = try integer(UInt64.self, field())
        let limit = remaining / minimumSize
        guard value <= UInt64(limit) else {
            throw malformed(
                at: start,
                field(),
                expected: "at most \(limit), which the file has room for",
                found: "\(value)"
            )
        }
        return Int(value)
    }

    private mutating func bool(_ field: @autoclosure () -> String) throws(ModelFileError) -> Bool {
        let start = offset
        let value = try integer(UInt8.self, field())
        guard value <= 1 else {
            throw malformed(at: start, field(), expected: "bool 0 or 1", found: "\(value)")
        }
        return value == 1
    }

    // MARK: Text

    mutating func string(
        _ field: @autoclosure () -> String,
        limit: Int = .max
    ) throws(ModelFileError) -> String {
        let start = offset
        let length = try integer(UInt64.self, "length of \(field())")
        let allowed = min(limit, remaining)
        guard length <= UInt64(allowed) else {
            throw malformed(
                at: start,
                "length of \(field())",
                expected: "at most \(allowed)",
                found: "\(length)"
            )
        }
        guard let text = file.string(in: offset..<offset + Int(length)) else {
            throw malformed(at: offset, field(), expected: "UTF-8", found: "other bytes")
        }
        offset += Int(length)
        return text
    }

    // MARK: Metadata

    mutating func value(_ key: String) throws(ModelFileError) -> MetadataValue {
        switch try type("type of \(key)") {
        case .uint8: .uint8(try integer(UInt8.self, key))
        case .int8: .int8(try integer(Int8.self, key))
        case .uint16: .uint16(try integer(UInt16.self, key))
        case .int16: .int16(try integer(Int16.self, key))
        case .uint32: .uint32(try integer(UInt32.self, key))
        case .int32: .int32(try integer(Int32.self, key))
        case .float32: .float32(Float(bitPattern: try integer(UInt32.self, key)))
        case .bool: .bool(try bool(key))
        case .string: .string(try string(key))
        case .array: .array(try array(key, depth: 1))
        case .uint64: .uint64(try integer(UInt64.self, key))
        case .int64: .int64(try integer(Int64.self, key))
        case .float64: .float64(Double(bitPattern: try integer(UInt64.self, key)))
        }
    }

    private mutating func type(
        _ field: @autoclosure () -> String
    ) throws(ModelFileError) -> MetadataType {
        let start = offset
        let code = try integer(UInt32.self, field())
        guard let type = MetadataType(rawValue: code) else {
            throw malformed(
                at: start,
                field(),
                expected: "a value type from 0 to 12",
                found: "\(code)"
            )
        }
        return type
    }

    private mutating func array(_ key: String, depth: Int) throws(ModelFileError) -> MetadataArray {
        guard depth <= Self.depthLimit else {
            throw malformed(
                at: offset,
                key,
                expected: "at most \(Self.depthLimit) arrays in one another",
                found: "more"
            )
        }
        let type = try type("element type of \(key)")
        let count = try count("element count of \(key)", minimumSize: type.minimumSize)
        return switch type {
        case .uint8: .uint8(try numbers(UInt8.self, count, key))
        case .int8: .int8(try numbers(Int8.self, count, key))
        case .uint16: .uint16(try numbers(UInt16.self, count, key))
        case .int16: .int16(try numbers(Int16.self, count, key))
        case .uint32: .uint32(try numbers(UInt32.self, count, key))
        case .int32: .int32(try numbers(Int32.self, count, key))
        case .float32: .float32(try numbers(Float.self, count, key))
        case .bool:
            .bool(
                try each(count) { (self, index) throws(ModelFileError) in
                    try self.bool("\(key)[\(index)]")
                }
            )
        case .string:
            .string(
                try each(count) { (self, index) throws(ModelFileError) in
                    try self.string("\(key)[\(index)]")
                }
            )
        case .array:
            .array(
                try each(count) { (self, index) throws(ModelFileError) in
                    try self.array("\(key)[\(index)]", depth: depth + 1)
                }
            )
        case .uint64: .uint64(try numbers(UInt64.self, count, key))
        case .int64: .int64(try numbers(Int64.self, count, key))
        case .float64: .float64(try numbers(Double.self, count, key))
        }
    }

    private mutating func numbers<Value: Numeric & BitwiseCopyable>(
        _ type: Value.Type,
        _ count: Int,
        _ key: String
    ) throws(ModelFileError) -> [Value] {
        guard let values = file.loadArray(type, count: count, at: offset) else {
            throw malformed(
                at: offset,
                key,
                expected: "\(count) elements",
                found: "\(remaining) bytes before the end of the file"
            )
        }
        offset += count * MemoryLayout<Value>.size
        return values
    }

    private mutating func each<Value>(
        _ count: Int,
        _ read: (inout Self, Int) throws(ModelFileError) -> Value
    ) throws(ModelFileError) -> [Value] {
        var values: [Value] = []
        values.reserveCapacity(count)
        for index in 0..<count {
            values.append(try read(&self, index))
        }
        return values
    }
}
