import Testing

@testable import ModelFiles

@Suite("GGUF")
struct GGUFTests {
    @Test("reads files of versions 2 and 3", arguments: [2, 3])
    func readsVersion(version: UInt32) throws {
        var writer = GGUFWriter()
        writer.version = version
        let gguf = try GGUF(bytes: writer.bytes, name: "small")
        #expect(gguf.version == Int(version))
        #expect(gguf.path == "small")
        #expect(gguf.metadata.isEmpty && gguf.tensors.isEmpty)
    }

    @Test("reads metadata of every type", arguments: Self.values)
    func readsValue(type: UInt32, bytes: [UInt8], expected: MetadataValue) throws {
        var writer = GGUFWriter()
        writer.add("key", .raw(type, bytes))
        #expect(try GGUF(bytes: writer.bytes).metadata == ["key": expected])
    }

    static let values: [(UInt32, [UInt8], MetadataValue)] = [
        (0, [200], .uint8(200)), (1, [0xff], .int8(-1)),
        (2, [1, 2], .uint16(0x0201)), (3, [0xfe, 0xff], .int16(-2)),
        (4, [1, 0, 0, 0x80], .uint32(0x8000_0001)), (5, [0xff, 0xff, 0xff, 0xff], .int32(-1)),
        (6, [0, 0, 0xc0, 0x3f], .float32(1.5)),
        (7, [0], .bool(false)), (7, [1], .bool(true)),
        (8, GGUFWriter.text("Grüße"), .string("Grüße")),
        (10, littleEndian(UInt64.max), .uint64(.max)), (11, littleEndian(Int64.min), .int64(.min)),
        (12, littleEndian((2.5).bitPattern), .float64(2.5)),
    ]

    @Test("reads arrays of every type", arguments: Self.values)
    func readsArray(type: UInt32, bytes: [UInt8], expected: MetadataValue) throws {
        var writer = GGUFWriter()
        let header = littleEndian(type) + littleEndian(UInt64(2))
        writer.add("key", .raw(9, header + bytes + bytes))
        let value = try #require(try GGUF(bytes: writer.bytes).metadata["key"])
        #expect(value == Self.pair(of: expected))
        #expect(value.typeName == "array of \(expected.typeName)")
    }

    private static func pair(of value: MetadataValue) -> MetadataValue {
        let array: MetadataArray =
            switch value {
            case .uint8(let value): .uint8([value, value])
            case .int8(let value): .int8([value, value])
            case .uint16(let value): .uint16([value, value])
            case .int16(let value): .int16([value, value])
            case .uint32(let value): .uint32([value, value])
            case .int32(let value): .int32([value, value])
            case .float32(let value): .float32([value, value])
            case .bool(let value): .bool([value, value])
            case .string(let value): .string([value, value])
            case .array(let value): .array([value, value])
            case .uint64(let value): .uint64([value, value])
            case .int64(let value): .int64([value, value])
            case .float64(let value): .float64([value, value])
            }
        return .array(array)
    }

    @Test("reads four arrays in one another")
    func readsNestedArrays() throws {
        let inner = littleEndian(UInt32(0)) + littleEndian(UInt64(1)) + [7]
        let level = littleEndian(UInt32(9)) + littleEndian(UInt64(1))
        var writer = GGUFWriter()
        writer.add("key", .raw(9, level + level + level + inner))
        let gguf = try GGUF(bytes: writer.bytes)
        #expect(gguf.metadata["key"] == .array(.array([.array([.array([.uint8([7])])])])))
        #expect(gguf.metadata["key"]?.typeName == "array of array")
    }

    @Test("lists tensors in file order, with absolute offsets")
    func listsTensors() throws {
        var writer = GGUFWriter()
        writer.addTensor("b", [4, 2])
        writer.addTensor("a", [32, 3, 2], type: 3, data: [UInt8](repeating: 1, count: 120))
        let bytes = writer.bytes
        let gguf = try GGUF(bytes: bytes)
        #expect(gguf.tensors.map(\.name) == ["b", "a"])
        let tensor = try #require(gguf.tensor(named: "a"))
        #expect(tensor.dimensions == [32, 3, 2])
        #expect(tensor.type.description == "Q4_1")
        #expect(tensor.byteCount == 120)
        #expect(tensor.offset == bytes.count - 120)
        #expect(tensor.rowCount == 6)
        #expect(tensor.columnCount == 32)
        #expect(gguf.tensor(named: "c") == nil)
    }

    @Test("places tensors at the alignment that the file asks for")
    func aligns() throws {
        var writer = GGUFWriter()
        writer.alignment = 256
        writer.add("general.alignment", .uint32(256))
        writer.addTensor("a", [1], data: [0, 0, 0x80, 0x3f])
        writer.addTensor("b", [1], data: [0, 0, 0, 0x40])
        let gguf = try GGUF(bytes: writer.bytes)
        #expect(gguf.tensors.map { $0.offset % 256 } == [0, 0])
        #expect(try gguf.row(0, of: "a") == [1])
        #expect(try gguf.row(0, of: "b") == [2])
    }

    @Test("reads integers of every width as one kind, and nothing else")
    func readsIntegers() throws {
        for (type, bytes, value) in Self.values {
            var writer = GGUFWriter()
            writer.add("key", .raw(type, bytes))
            writer.add("list", .raw(9, littleEndian(type) + littleEndian(UInt64(1)) + bytes))
            let gguf = try GGUF(bytes: writer.bytes, name: "f")
            if let number = Self.integer(of: value) {
                #expect(try gguf.value("key", as: .integer) == number)
                #expect(try gguf.value("list", as: .integers) == [number])
            } else {
                let error = ModelFileError.badMetadata(
                    path: "f",
                    key: "key",
                    expected: "integer",
                    found: value.typeName
                )
                #expect(throws: error) { try gguf.value("key", as: .integer) }
                #expect(throws: ModelFileError.self) { try gguf.value("list", as: .integers) }
            }
        }
    }

    private static func integer(of value: MetadataValue) -> Int? {
        switch value {
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

    @Test("reads the other kinds, and says what is missing")
    func readsOtherKinds() throws {
        var writer = GGUFWriter()
        writer.add("s", .string("text"))
        writer.add("f", .float32(0.5))
        writer.add("d", .float64(0.25))
        writer.add("b", .bool(true))
        writer.add("l", .strings(["x", "y"]))
        writer.add("n", .raw(9, littleEndian(UInt32(6)) + littleEndian(UInt64(1)) + [0, 0, 0, 0]))
        let gguf = try GGUF(bytes: writer.bytes, name: "f")
        #expect(try gguf.value("s", as: .string) == "text")
        #expect(try gguf.value("f", as: .float) == 0.5)
        #expect(try gguf.value("d", as: .float) == 0.25)
        #expect(try gguf.value("b", as: .bool))
        #expect(try gguf.value("l", as: .strings) == ["x", "y"])
        #expect(try gguf.value("n", as: .floats) == [0])
        #expect(try gguf.valueIfPresent("absent", as: .string) == nil)
        let missing = ModelFileError.missingMetadata(path: "f", key: "absent", expected: "bool")
        #expect(throws: missing) { try gguf.value("absent", as: .bool) }
        for key in ["s", "f", "d", "b", "l", "n"] {
            #expect(throws: ModelFileError.self) { try gguf.value(key, as: .integer) }
            #expect(throws: ModelFileError.self) { try gguf.value(key, as: .integers) }
        }
        #expect(throws: ModelFileError.self) { try gguf.value("s", as: .float) }
        #expect(throws: ModelFileError.self) { try gguf.value("s", as: .bool) }
        #expect(throws: ModelFileError.self) { try gguf.value("s", as: .strings) }
        #expect(throws: ModelFileError.self) { try gguf.value("s", as: .floats) }
        #expect(throws: ModelFileError.self) { try gguf.value("b", as: .string) }
    }
}

extension GGUF {
    /// One row of a tensor, as floats.
    func row(_ index: Int, of name: String) throws -> [Float] {
        let tensor = try #require(self.tensor(named: name))
        var row = [Float](repeating: .nan, count: tensor.columnCount)
        var span = row.mutableSpan
        try copyRow(index, of: tensor, into: &span)
        return row
    }
}
