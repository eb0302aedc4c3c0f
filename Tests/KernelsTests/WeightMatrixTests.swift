import Testing

@testable import Kernels

@Suite("WeightMatrix")
struct WeightMatrixTests {
    private static let widths = [1, 3, 7, 17, 33, 65]

    @Test("f32 gives back every bit")
    func f32IsExact() {
        var numbers = RandomNumbers(seed: 13)
        for width in Self.widths {
            let entries = numbers.floats(5 * width, in: -1e30...1e30)
            let weight = WeightMatrix(entries, format: .f32, columnCount: width)
            #expect(weight.rowCount == 5 && weight.columnCount == width)
            #expect(weight.byteCount == 5 * width * 4)
            #expect((0..<5).flatMap { weight.entries(ofRow: $0) }.bits == entries.bits)
        }
    }

    @Test("bf16 gives back values that are bf16")
    func bf16IsExact() {
        var numbers = RandomNumbers(seed: 14)
        for width in Self.widths {
            let entries = numbers.floats(5 * width, in: -1e30...1e30).map {
                Float(bitPattern: $0.bitPattern & 0xFFFF_0000)
            }
            let weight = WeightMatrix(entries, format: .bf16, columnCount: width)
            #expect(weight.byteCount == 5 * width * 2)
            #expect((0..<5).flatMap { weight.entries(ofRow: $0) }.bits == entries.bits)
        }
    }

    @Test(
        "bf16 rounds to nearest even",
        arguments: [
            (0x3F80_7FFF, 0x3F80_0000), (0x3F80_8000, 0x3F80_0000), (0x3F80_8001, 0x3F81_0000),
            (0x3F81_8000, 0x3F82_0000), (0xBF81_8000, 0xBF82_0000), (0x7F7F_FFFF, 0x7F80_0000),
            (0xFF80_0000, 0xFF80_0000), (0x8000_0000, 0x8000_0000),
        ] as [(UInt32, UInt32)]
    )
    func bf16Rounds(bits: UInt32, expected: UInt32) {
        let weight = WeightMatrix([Float(bitPattern: bits)], format: .bf16, columnCount: 1)
        #expect(weight.entries(ofRow: 0).bits == [expected])
    }

    @Test("bf16 keeps NaN", arguments: [0x7F80_0001, 0xFFFF_FFFF, 0x7FC0_0000] as [UInt32])
    func bf16KeepsNaN(bits: UInt32) {
        let weight = WeightMatrix([Float(bitPattern: bits)], format: .bf16, columnCount: 1)
        #expect(weight.entries(ofRow: 0).allSatisfy { $0.isNaN })
    }

    static let magnitudes: [Float] = [1e-20, 1e-3, 1, 1e30]

    /// Each 64 entries times the Hadamard matrix of that size, made orthogonal, by its definition.
    private static func mixed(_ entries: [Float]) -> [Float] {
        entries.indices.map { index in
            let first = index / 64 * 64
            guard first + 64 <= entries.count else { return entries[index] }
            return (0..<64).reduce(0) { sum, column in
                let isOdd = !(column & (index - first)).nonzeroBitCount.isMultiple(of: 2)
                return sum + (isOdd ? -1 : 1) * entries[first + column] / 8
            }
        }
    }

    @Test("int8 is off by at most half a unit of its mixed output", arguments: magnitudes)
    func bytesAreNear(magnitude: Float) {
        var numbers = RandomNumbers(seed: 15)
        for width in Self.widths + [64, 128, 200] {
            let entries = numbers.floats(5 * width, in: -magnitude...magnitude)
            let weight = WeightMatrix(entries, format: .int8, columnCount: width)
            #expect(weight.byteCount == 5 * ((width + 31) / 32 * 32 + 4))
            for row in 0..<5 {
                let values = Self.mixed(Array(entries.row(row, width: width)))
                let unit = (values.map(abs).max() ?? 0) / 127
                let isNear = zip(Self.mixed(weight.entries(ofRow: row)), values).allSatisfy {
                    abs($0 - $1) <= unit * 0.5001
                }
                #expect(isNear, "row \(row) of width \(width)")
            }
        }
    }

    @Test("int8 loses little of a row that has one large entry in 64, where rows are outputs")
    func mixingSpreadsLargeEntries() {
        var numbers = RandomNumbers(seed: 16)
        var entries = numbers.floats(128)
        for column in [5, 100] { entries[column] = 50 }
        func error(_ found: [Float]) -> Float {
            zip(found, entries).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }.squareRoot()
        }
        let weight = WeightMatrix(entries, format: .int8, columnCount: 128)
        let unit = WeightMatrix.unit(.int8, of: entries)
        let plain = entries.map { ($0 / unit).rounded() * unit }
        #expect(error(weight.entries(ofRow: 0)) < error(plain) / 3)
    }

    @Test("int4 is off by at most half a step of its group", arguments: magnitudes)
    func halfBytesAreNear(magnitude: Float) {
        var numbers = RandomNumbers(seed: 15)
        for width in Self.widths {
            let entries = numbers.floats(5 * width, in: -magnitude...magnitude)
            let weight = WeightMatrix(entries, format: .int4, columnCount: width)
            #expect(weight.byteCount == 5 * ((width + 31) / 32 * 20 + 4))
            for row in 0..<5 {
                let values = entries.row(row, width: width)
                let found = weight.entries(ofRow: row)
                let unit = WeightMatrix.unit(.int4, of: Array(values))
                for first in stride(from: 0, to: width, by: 32) {
                    let group = values[first..<min(width, first + 32)]
                    // A step is a whole number of units, and so is the base.
                    let step = ((group.max() ?? 0) - (group.min() ?? 0)) / 15 + unit
                    let isNear = group.indices.allSatisfy {
                        abs(values[$0] - found[$0]) <= step * 0.5001 + unit * 0.5001
                    }
                    #expect(isNear, "row \(row) of width \(width)")
                }
            }
        }
    }

    @Test("a matrix whose columns are the outputs has their units")
    func columnUnits() {
        // The columns differ by far more than the levels of a group could tell.
        let entries: [Float] = [1e-6, 1e6, -0.5e-6, 1e6, 1e-6, -2e6]
        let weight = WeightMatrix(entries, format: .int8, columnCount: 2, outputsAreColumns: true)
        for row in 0..<3 {
            for (found, expected) in zip(weight.entries(ofRow: row), entries.row(row, width: 2)) {
                #expect(abs(found / expected - 1) < 0.01)
            }
        }
    }

    @Test(
        "even levels come out of int4 as they went in: all sixteen, as in Q4_1, or some, as in Q4_0",
        arguments: [0...15, 0...14, 2...15, 0...13, 3...13, 4...12]
    )
    func keepsQ4Levels(used: ClosedRange<Int>) {
        let levels = (0..<32).map { Float(used.lowerBound + $0 % used.count) * 0.375 - 3 }
        let weight = WeightMatrix(levels, format: .int4, columnCount: 32)
        let unit = WeightMatrix.unit(.int4, of: levels)
        for (found, expected) in zip(weight.entries(ofRow: 0), levels) {
            #expect(abs(found - expected) <= 9 * unit)
        }
    }

    @Test("a row of zeros stays one, beside others", arguments: WeightFormat.allCases)
    func zeroRow(format: WeightFormat) {
        let weight = WeightMatrix([0, 0, 0, 1, 1, 1], format: format, columnCount: 3)
        #expect(weight.entries(ofRow: 0) == [0, 0, 0])
        #expect(weight.entries(ofRow: 1).allSatisfy { abs($0 - 1) < 1e-6 })
    }

    @Test(
        "int8 takes a row that is all but zero for zeros",
        arguments: [Float.leastNonzeroMagnitude, 0x1p-140, 1e-38, 1e-36]
    )
    func tinyRow(magnitude: Float) {
        let weight = WeightMatrix([magnitude, 0, -magnitude], format: .int8, columnCount: 3)
        #expect(weight.entries(ofRow: 0) == [0, 0, 0])
    }

    @Test("int8 hides no entry that is not finite", arguments: [Float.nan, .infinity, -.infinity])
    func nonFiniteRow(entry: Float) {
        let weight = WeightMatrix([1, entry, 0, 1, 1, 1], format: .int8, columnCount: 3)
        #expect(weight.entries(ofRow: 0).allSatisfy { $0.isNaN })
        #expect(weight.entries(ofRow: 1).allSatisfy { abs($0 - 1) < 1e-6 })
    }

    @Test("passes on what the filler throws")
    func passesErrorsOn() {
        let error = KernelError.outOfMemory(byteCount: 1)
        #expect(throws: error) {
            try WeightMatrix(format: .f32, rowCount: 3, columnCount: 1) {
                row,
                _ throws(KernelError) in
                if row == 1 { throw error }
            }
        }
    }
}
