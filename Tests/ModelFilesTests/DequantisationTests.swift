import Foundation
import Testing

@testable import ModelFiles

/// Each format against blocks computed by hand from its definition in ggml.
@Suite("Dequantisation")
struct DequantisationTests {
    // Half-precision numbers.
    private static let half: [UInt8] = [0x00, 0x38]  // 0.5
    private static let minusTwo: [UInt8] = [0x00, 0xc0]

    private func rows(type: UInt32, columns: UInt64, _ rows: [[UInt8]]) throws -> [[Float]] {
        var writer = GGUFWriter()
        // A neighbour in front, so that the offset is not the start of the data.
        writer.addTensor("other", [3])
        writer.addTensor(
            "t",
            [columns, UInt64(rows.count)],
            type: type,
            data: Array(rows.joined())
        )
        let gguf = try GGUF(bytes: writer.bytes)
        return try rows.indices.map { try gguf.row($0, of: "t") }
    }

    @Test("F32 is taken as it is")
    func f32() throws {
        let values: [[Float]] = [[1, -0.5, .infinity], [1e-40, 0, -3]]
        let bytes = values.map { $0.flatMap { littleEndian($0.bitPattern) } }
        #expect(try rows(type: 0, columns: 3, bytes) == values)
    }

    @Test("F16 is exact for every finite number, infinity and NaN", .tags(.property))
    func f16() throws {
        let all = (0...UInt16.max).map { $0 }
        let row = try rows(type: 1, columns: 65536, [all.flatMap { littleEndian($0) }])[0]
        for bits in all {
            let expected = Float(Float16(bitPattern: bits))
            let found = row[Int(bits)]
            #expect(
                expected.isNaN ? found.isNaN : found.bitPattern == expected.bitPattern,
                "half \(bits)"
            )
        }
    }

    @Test("BF16 is the upper half of a float")
    func bf16() throws {
        let bytes: [UInt8] = [0x80, 0x3f, 0x00, 0xc0, 0x80, 0x7f]
        #expect(try rows(type: 30, columns: 3, [bytes]) == [[1, -2, .infinity]])
    }

    @Test("Q8_0 is scale times a signed byte")
    func q8() throws {
        let numbers = (0..<32).map { Int8($0 * 8 - 128) }
        let quants = numbers.map { UInt8(bitPattern: $0) }
        let row = try rows(type: 8, columns: 64, [Self.half + quants + Self.minusTwo + quants])[0]
        let values = numbers.map { Float($0) }
        #expect(row == values.map { $0 / 2 } + values.map { $0 * -2 })
    }

    @Test("Q4_0 is scale times a nibble less eight, low nibbles first")
    func q4Zero() throws {
        let pairs = (0..<16).map { UInt8($0 | (15 - $0) << 4) }
        let found = try rows(type: 2, columns: 32, [Self.half + pairs, Self.minusTwo + pairs])
        let expected = (-8...7).map { Float($0) } + (-8...7).reversed().map { Float($0) }
        #expect(found == [expected.map { $0 / 2 }, expected.map { $0 * -2 }])
    }

    @Test("Q4_1 is scale times a nibble plus a minimum, low nibbles first")
    func q4One() throws {
        let pairs = (0..<16).map { UInt8($0 | (15 - $0) << 4) }
        let found = try rows(
            type: 3,
            columns: 32,
            [Self.half + Self.minusTwo + pairs, Self.minusTwo + Self.half + pairs]
        )
        let expected = (0...15).map { Float($0) } + (0...15).reversed().map { Float($0) }
        #expect(found == [expected.map { $0 / 2 - 2 }, expected.map { $0 * -2 + 0.5 }])
    }

    @Test("Q8_K is a single-precision scale times a signed byte")
    func q8K() throws {
        let numbers = (0..<256).map { Int8(truncatingIfNeeded: $0) }
        let bytes =
            littleEndian(Float(0.25).bitPattern) + numbers.map { UInt8(bitPattern: $0) }
            + [UInt8](repeating: 0x55, count: 32)
        #expect(try rows(type: 15, columns: 256, [bytes]) == [numbers.map { Float($0) / 4 }])
    }

    /// Random blocks, and what the package gguf makes of them (`Golden/dequantisation.py`).
    private struct GoldenCase: Decodable {
        let type: UInt32
        let name: String
        let columns: UInt64
        let blocks: Data
        let values: Data
    }

    @Test("agrees with ggml's own package on random blocks, bit for bit", .tags(.golden))
    func golden() throws {
        let url = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "Golden/dequantisation.json")
        let cases = try JSONDecoder().decode([GoldenCase].self, from: Data(contentsOf: url))
        #expect(
            Set(cases.map(\.name)).isSuperset(
                of: TensorType.decodable.filter {
                    $0.contains("_") && $0 != "Q8_K"
                }
            )
        )
        for golden in cases {
            let row = try rows(
                type: golden.type,
                columns: golden.columns,
                [Array(golden.blocks)]
            )[0]
            let bytes = row.flatMap { littleEndian($0.bitPattern) }
            #expect(bytes == Array(golden.values), "\(golden.name)")
        }
    }

    @Test("types without a decoder are named when a row is asked for")
    func unsupported() throws {
        var writer = GGUFWriter()
        writer.addTensor("t", [256], type: 17, data: [UInt8](repeating: 0, count: 74))
        let gguf = try GGUF(bytes: writer.bytes, name: "f")
        let error = ModelFileError.unsupportedTensorType(
            path: "f",
            tensor: "t",
            found: "IQ2_XS",
            supported: TensorType.decodable
        )
        #expect(throws: error) { try gguf.row(0, of: "t") }
        #expect(TensorType.decodable.count == 16)
    }
}
