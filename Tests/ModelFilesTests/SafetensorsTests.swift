import Testing

@testable import ModelFiles

@Suite("Safetensors")
struct SafetensorsTests {
    @Test("reads tensors of every decodable type, the fastest dimension first")
    func reads() throws {
        var writer = SafetensorsWriter()
        writer.add(
            "b",
            [2, 2],
            data: [Float]([1, 2, 3, -4]).flatMap { littleEndian($0.bitPattern) }
        )
        writer.add("a", [3, 1], type: "BF16", data: [0x80, 0x3f, 0, 0xc0, 0, 0x40])
        writer.add("scalar", [], type: "F16", data: [0, 0x38])
        let file = try SafetensorsFile(bytes: writer.bytes, name: "f")
        #expect(file.tensors.map(\.name) == ["b", "a", "scalar"])
        #expect(file.tensor(named: "a")?.dimensions == [1, 3])
        #expect(file.tensor(named: "absent") == nil)
        #expect(try row(1, "b", file) == [3, -4])
        #expect(try row(2, "a", file) == [2])
        #expect(try row(0, "scalar", file) == [0.5])
    }

    private func row(_ index: Int, _ name: String, _ file: SafetensorsFile) throws -> [Float] {
        let tensor = try #require(file.tensor(named: name))
        var values = [Float](repeating: .nan, count: tensor.columnCount)
        var span = values.mutableSpan
        try file.copyRow(index, of: tensor, into: &span)
        return values
    }

    @Test("names a type that cannot be decoded when a row is asked for")
    func undecodable() throws {
        var writer = SafetensorsWriter()
        writer.add("q", [2], type: "F8_E4M3", data: [1, 2])
        let file = try SafetensorsFile(bytes: writer.bytes, name: "f")
        let error = #expect(throws: ModelFileError.self) { try row(0, "q", file) }
        #expect(error?.description.contains("type F8_E4M3 is not supported") == true)
    }

    /// The field that the error names.
    private func field(_ bytes: [UInt8]) -> String? {
        let error = #expect(throws: ModelFileError.self) { try SafetensorsFile(bytes: bytes) }
        guard case .malformed(_, _, let field, _, _) = error else { return nil }
        return field
    }

    @Test("refuses every length of header that the file cannot have")
    func headerLength() {
        for count in 0..<8 {
            #expect(field([UInt8](repeating: 2, count: count)) == "header length")
        }
        for length in [0, 1, 100, 1 << 24 + 1, .max] as [UInt64] {
            var writer = SafetensorsWriter()
            writer.headerLength = length
            #expect(field(writer.bytes) == "header length")
        }
        #expect(field(littleEndian(UInt64(2)) + Array("[]".utf8)) == "header")
        #expect(field(littleEndian(UInt64(3)) + Array("{} ".utf8).dropLast() + [0x7d]) == "JSON")
    }

    @Test(
        "refuses a row that contradicts itself or the file",
        arguments: [
            ("1", "dtype"), (#"{"shape": [1], "data_offsets": [0, 4]}"#, "dtype"),
            (#"{"dtype": "F3", "shape": [1], "data_offsets": [0, 4]}"#, "dtype"),
            (#"{"dtype": "F32", "data_offsets": [0, 4]}"#, "shape"),
            (#"{"dtype": "F32", "shape": [-1], "data_offsets": [0, 4]}"#, "shape"),
            (#"{"dtype": "F32", "shape": [1.0], "data_offsets": [0, 4]}"#, "shape"),
            (#"{"dtype": "F32", "shape": [0], "data_offsets": [0, 0]}"#, "shape"),
            (#"{"dtype": "F32", "shape": [1, 1, 1, 1, 1], "data_offsets": [0, 4]}"#, "shape"),
            (#"{"dtype": "F32", "shape": [1]}"#, "data_offsets"),
            (#"{"dtype": "F32", "shape": [1], "data_offsets": [0]}"#, "data_offsets"),
            (#"{"dtype": "F32", "shape": [1], "data_offsets": [4, 0]}"#, "data_offsets"),
            (#"{"dtype": "F32", "shape": [1], "data_offsets": [0, 8]}"#, "data_offsets"),
            (#"{"dtype": "F32", "shape": [2], "data_offsets": [0, 4]}"#, "data_offsets"),
            (#"{"dtype": "F16", "shape": [1], "data_offsets": [0, 4]}"#, "data_offsets"),
            (
                #"{"dtype": "F32", "shape": [9223372036854775807, 4], "data_offsets": [0, 4]}"#,
                "data_offsets"
            ),
            (
                #"{"dtype": "F32", "shape": [1], "data_offsets": [9223372036854775803, 9223372036854775807]}"#,
                "data_offsets"
            ),
        ]
    )
    func row(json: String, expected: String) {
        var writer = SafetensorsWriter()
        writer.data = [0, 0, 0, 0]
        writer.addEntry("t", json)
        #expect(field(writer.bytes) == "\(expected) of t")
    }

    @Test("refuses tensors that overlap, and names that come twice")
    func overlaps() {
        var writer = SafetensorsWriter()
        writer.add("a", [2])
        writer.addEntry("b", #"{"dtype": "F32", "shape": [1], "data_offsets": [4, 8]}"#)
        #expect(field(writer.bytes) == "data of b")
        var twice = SafetensorsWriter()
        twice.add("a", [1])
        twice.add("a", [1])
        #expect(field(twice.bytes) == "JSON")
    }

    @Test("refuses every file that is cut short")
    func truncated() throws {
        var writer = SafetensorsWriter()
        writer.add("a", [2, 3])
        let bytes = writer.bytes
        _ = try SafetensorsFile(bytes: bytes)
        for count in 0..<bytes.count {
            #expect(throws: ModelFileError.self) {
                try SafetensorsFile(bytes: Array(bytes.prefix(count)))
            }
        }
    }
}
