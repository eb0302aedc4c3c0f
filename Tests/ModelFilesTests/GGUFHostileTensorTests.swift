import Testing

@testable import ModelFiles

/// Tensor tables that must be refused, each with the error that says where and why.
@Suite("GGUF, hostile tensors")
struct GGUFHostileTensorTests {
    /// Where the dimension count of a first tensor with a name of one letter lies.
    private static let shape = 24 + 8 + 1

    private func expect(
        _ writer: GGUFWriter,
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
        #expect(throws: error, sourceLocation: sourceLocation) {
            try GGUF(bytes: writer.bytes, name: "f")
        }
    }

    private func writer(
        _ dimensions: [UInt64],
        type: UInt32 = 0,
        offset: UInt64 = 0
    ) -> GGUFWriter {
        var writer = GGUFWriter()
        let data = [UInt8](repeating: 0, count: 64)
        writer.tensors = [
            .init(name: "t", dimensions: dimensions, type: type, data: data, offset: offset)
        ]
        return writer
    }

    @Test("names that are missing, come twice, or are too long")
    func names() {
        var twice = writer([16])
        twice.addTensor("t", [1])
        expect(
            twice,
            at: 24 + 9 + 4 + 8 + 4 + 8,
            "name of tensor 1",
            expected: "a name of its own",
            found: "t again"
        )
        var nameless = writer([16])
        nameless.tensors[0].name = ""
        expect(
            nameless,
            at: 24,
            "name of tensor 0",
            expected: "a name of its own",
            found: "no characters"
        )
        var long = writer([16])
        long.tensors[0].name = String(repeating: "n", count: 65)
        expect(
            long,
            at: 24,
            "length of name of tensor 0",
            expected: "at most 64",
            found: "65"
        )
    }

    @Test("no dimension, and five", arguments: [0, 5])
    func dimensionCount(count: Int) {
        expect(
            writer([UInt64](repeating: 1, count: count)),
            at: Self.shape,
            "dimension count of t",
            expected: "1 to 4",
            found: "\(count)"
        )
    }

    @Test("dimensions of zero and beyond 63 bits", arguments: [0, 1 << 63, UInt64.max])
    func dimensions(size: UInt64) {
        expect(
            writer([1, size]),
            at: Self.shape + 12,
            "dimension 1 of t",
            expected: "a positive number below 2^63",
            found: "\(size)"
        )
    }

    @Test(
        "shapes whose size overflows",
        arguments: [
            [1 << 62], [1 << 60, 8], [1 << 32, 1 << 32], [1 << 16, 1 << 16, 1 << 16, 1 << 16],
        ]
            as [[UInt64]]
    )
    func overflow(dimensions: [UInt64]) {
        expect(
            writer(dimensions),
            at: Self.shape,
            "shape of t",
            expected: "fewer than 2^63 bytes",
            found: "\(dimensions)"
        )
    }

    @Test("2^60 elements, which do not fit the file")
    func large() {
        expect(
            writer([1 << 60]),
            at: Self.shape + 4 + 8 + 4,
            "offset of t",
            expected: "\(1 << 62) bytes inside the file of 128",
            found: "offset 0 from 64"
        )
    }

    @Test("types that no tensor has", arguments: [4, 31, 255, UInt32.max])
    func types(type: UInt32) {
        expect(
            writer([1], type: type),
            at: Self.shape + 12,
            "type of t",
            expected: "a known tensor type",
            found: "\(type)"
        )
    }

    @Test("rows that are no whole number of blocks")
    func blocks() {
        expect(
            writer([33, 32], type: 3),
            at: Self.shape,
            "dimension 0 of t",
            expected: "a multiple of 32, the block size of Q4_1",
            found: "33"
        )
    }

    @Test("offsets that are not aligned, or beyond 63 bits", arguments: [1, 16, 1 << 63])
    func offsets(offset: UInt64) {
        expect(
            writer([1], offset: offset),
            at: Self.shape + 16,
            "offset of t",
            expected: "a multiple of 32 below 2^63",
            found: "\(offset)"
        )
    }

    @Test("offsets past the end", arguments: [64, 96, 1 << 40, (1 << 63) - 32])
    func offsetsPastEnd(offset: UInt64) {
        expect(
            writer([1], offset: offset),
            at: Self.shape + 16,
            "offset of t",
            expected: "4 bytes inside the file of 128",
            found: "offset \(offset) from 64"
        )
    }

    @Test("tensors that share bytes, in either order", arguments: [(0, 32), (32, 0), (0, 0)])
    func overlap(first: UInt64, second: UInt64) throws {
        var writer = GGUFWriter()
        writer.addTensor("a", [first == 0 ? 9 : 1], offset: first)
        writer.addTensor("b", [second == 0 ? 9 : 1], offset: second)
        writer.addTensor("c", [64], offset: 64)
        let error = #expect(throws: ModelFileError.self) {
            try GGUF(bytes: writer.bytes, name: "f")
        }
        guard case .malformed(_, _, let field, let expected, "an overlap") = error else {
            Issue.record("another error: \(error as Any)")
            return
        }
        #expect(field == (first <= second ? "data of b" : "data of a"))
        #expect(expected.hasPrefix("to start after \(first <= second ? "a" : "b"), which ends at "))
    }
}
