import Testing

@testable import ModelFiles

/// Files that must be refused, each with the error that says where and why.
@Suite("GGUF, hostile")
struct GGUFHostileTests {
    /// Where the first metadata pair or tensor starts: behind signature, version and two counts.
    private static let body = 24

    private func expect(
        _ bytes: [UInt8],
        at offset: Int,
        _ field: String,
        expected: String,
        found: String,
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        let error = ModelFileError.malformed(
            path: "f",
            offset: offset,
            field: field,
            expected: expected,
            found: found
        )
        #expect(throws: error, sourceLocation: sourceLocation) { try GGUF(bytes: bytes, name: "f") }
    }

    // MARK: Header

    @Test("an empty file")
    func empty() {
        expect(
            [],
            at: 0,
            "signature",
            expected: "4 bytes",
            found: "0 bytes before the end of the file"
        )
    }

    @Test("another signature")
    func signature() {
        var writer = GGUFWriter()
        writer.signature = Array("GGML".utf8)
        expect(writer.bytes, at: 0, "signature", expected: "GGUF", found: "0x47474d4c")
    }

    @Test("other versions, and big-endian files", arguments: [0, 1, 4, 0x0300_0000])
    func version(version: UInt32) {
        var writer = GGUFWriter()
        writer.version = version
        let found = version == 0x0300_0000 ? "3, big-endian" : "\(version)"
        expect(writer.bytes, at: 4, "version", expected: "2 or 3, little-endian", found: found)
    }

    @Test("counts that the file has no room for", arguments: [1, 1 << 60, UInt64.max])
    func counts(count: UInt64) {
        var writer = GGUFWriter()
        writer.tensorCount = count
        expect(
            writer.bytes,
            at: 8,
            "tensor count",
            expected: "at most 0, which the file has room for",
            found: "\(count)"
        )
        writer.tensorCount = nil
        writer.metadataCount = count
        expect(
            writer.bytes,
            at: 16,
            "metadata count",
            expected: "at most 0, which the file has room for",
            found: "\(count)"
        )
    }

    @Test("a sound file that is cut off anywhere", .tags(.property))
    func truncation() throws {
        var model = TinyLlama()
        model.writer.add("nested", .raw(9, littleEndian(UInt32(9)) + littleEndian(UInt64(0))))
        let bytes = model.writer.bytes
        _ = try GGUF(bytes: bytes)
        for length in 0..<bytes.count {
            #expect(throws: ModelFileError.self) { try GGUF(bytes: Array(bytes[..<length])) }
        }
    }

    // MARK: Metadata

    @Test("a key that runs past the end")
    func keyLength() {
        var writer = GGUFWriter()
        writer.metadataCount = 1
        let bytes = writer.header + littleEndian(UInt64(100)) + [UInt8](repeating: 65, count: 20)
        expect(
            bytes,
            at: Self.body,
            "length of metadata key 0",
            expected: "at most 20",
            found: "100"
        )
    }

    @Test("a key that is longer than the specification allows")
    func longKey() {
        var writer = GGUFWriter()
        writer.add(String(repeating: "k", count: 65536), .bool(true))
        expect(
            writer.bytes,
            at: Self.body,
            "length of metadata key 0",
            expected: "at most 65535",
            found: "65536"
        )
    }

    @Test("a key without characters, and a key that comes twice")
    func keys() {
        var writer = GGUFWriter()
        writer.add("", .uint32(1))
        expect(
            writer.bytes,
            at: Self.body,
            "metadata key 0",
            expected: "a name",
            found: "no characters"
        )
        writer.metadata = [("k", .bool(true)), ("k", .bool(true))]
        expect(
            writer.bytes,
            at: Self.body + 14,
            "metadata key 1",
            expected: "a key of its own",
            found: "k again"
        )
    }

    @Test("text that is not UTF-8")
    func text() {
        var writer = GGUFWriter()
        writer.add("k", .raw(8, littleEndian(UInt64(2)) + [0xc3, 0x28]))
        expect(
            writer.bytes,
            at: Self.body + 21,
            "k",
            expected: "UTF-8",
            found: "other bytes"
        )
    }

    @Test("text that runs past the end", arguments: [1, 1 << 40, UInt64.max])
    func stringLength(length: UInt64) {
        var writer = GGUFWriter()
        writer.add("k", .raw(8, littleEndian(length)))
        expect(
            writer.bytes,
            at: Self.body + 13,
            "length of k",
            expected: "at most 0",
            found: "\(length)"
        )
    }

    @Test("an unknown type, alone and in an array")
    func unknownType() {
        var writer = GGUFWriter()
        writer.add("k", .raw(13, [0]))
        let expected = "a value type from 0 to 12"
        expect(
            writer.bytes,
            at: Self.body + 9,
            "type of k",
            expected: expected,
            found: "13"
        )
        writer.metadata = [("k", .raw(9, littleEndian(UInt32(99)) + littleEndian(UInt64(0))))]
        expect(
            writer.bytes,
            at: Self.body + 13,
            "element type of k",
            expected: expected,
            found: "99"
        )
    }

    @Test("a bool that is neither 0 nor 1")
    func bool() {
        var writer = GGUFWriter()
        writer.add("k", .raw(7, [2]))
        expect(writer.bytes, at: Self.body + 13, "k", expected: "bool 0 or 1", found: "2")
        let array = littleEndian(UInt32(7)) + littleEndian(UInt64(2)) + [1, 3]
        writer.metadata = [("k", .raw(9, array))]
        expect(writer.bytes, at: Self.body + 26, "k[1]", expected: "bool 0 or 1", found: "3")
    }

    @Test(
        "arrays with more elements than the file has room for",
        arguments: [
            (0, 5), (2, 3), (6, 2), (12, 1), (8, 1), (9, 1), (8, 1 << 60), (11, UInt64.max),
        ] as [(UInt32, UInt64)]
    )
    func arrayCount(type: UInt32, count: UInt64) throws {
        var writer = GGUFWriter()
        writer.add("k", .raw(9, littleEndian(type) + littleEndian(count) + [0, 0, 0, 0]))
        let size = try #require(MetadataType(rawValue: type)).minimumSize
        expect(
            writer.bytes,
            at: Self.body + 17,
            "element count of k",
            expected: "at most \(4 / size), which the file has room for",
            found: "\(count)"
        )
    }

    @Test("five arrays in one another")
    func depth() {
        let level = littleEndian(UInt32(9)) + littleEndian(UInt64(1))
        var writer = GGUFWriter()
        writer.add("k", .raw(9, Array(repeatElement(level, count: 6).joined())))
        expect(
            writer.bytes,
            at: Self.body + 13 + 48,
            "k[0][0][0][0]",
            expected: "at most 4 arrays in one another",
            found: "more"
        )
    }

    @Test("text in an array that runs past the end")
    func arrayText() {
        var writer = GGUFWriter()
        let array = littleEndian(UInt32(8)) + littleEndian(UInt64(1)) + littleEndian(UInt64(9))
        writer.add("k", .raw(9, array))
        expect(
            writer.bytes,
            at: Self.body + 25,
            "length of k[0]",
            expected: "at most 0",
            found: "9"
        )
    }

    @Test(
        "alignments that are no power of two, or out of range",
        arguments: [0, 1, 4, 12, 1 << 21, UInt32.max]
    )
    func alignment(alignment: UInt32) {
        var writer = GGUFWriter()
        writer.add("general.alignment", .uint32(alignment))
        let error = ModelFileError.badMetadata(
            path: "f",
            key: "general.alignment",
            expected: "a power of two from 8 to 1048576",
            found: "\(alignment)"
        )
        #expect(throws: error) { try GGUF(bytes: writer.bytes, name: "f") }
    }

    @Test("an alignment that is text")
    func alignmentType() {
        var writer = GGUFWriter()
        writer.add("general.alignment", .string("32"))
        let error = ModelFileError.badMetadata(
            path: "f",
            key: "general.alignment",
            expected: "a power of two from 8 to 1048576",
            found: "string"
        )
        #expect(throws: error) { try GGUF(bytes: writer.bytes, name: "f") }
    }
}
