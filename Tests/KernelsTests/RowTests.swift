import Foundation
import Testing

@testable import Kernels

@Suite("Row-wise operations")
struct RowTests {
    private static let widths = [1, 3, 7, 17, 33, 65, 577]
    private static let rowCounts = [0, 1, 2, 7, 33, 100]

    /// Calls `body` with a compute and rows of every shape.
    private func forEachShape(
        _ set: InstructionSet,
        in range: ClosedRange<Float> = -1...1,
        _ body: (Compute, _ entries: [Float], _ rows: Int, _ width: Int) throws -> Void
    ) throws {
        var numbers = RandomNumbers(seed: 7)
        for threadCount in [1, 3] {
            let compute = try Compute(threadCount: threadCount, instructionSet: set)
            for width in Self.widths {
                for rows in Self.rowCounts {
                    try body(compute, numbers.floats(rows * width, in: range), rows, width)
                }
            }
        }
    }

    @Test("rmsNorm agrees with double precision", arguments: InstructionSet.available)
    func rmsNorm(set: InstructionSet) throws {
        try forEachShape(set) { compute, entries, rows, width in
            let gain = (0..<width).map { Float($0 % 5) - 1.5 }
            let input = Activations(entries, width: width)
            var output = Activations()
            compute.rmsNorm(input, weight: gain, epsilon: 1e-5, into: &output)
            let estimates = (0..<rows).flatMap { row -> [Estimate] in
                let values = entries.row(row, width: width).map(Double.init)
                let mean = values.reduce(0) { $0 + $1 * $1 } / Double(width)
                return zip(values, gain).map { value, gain in
                    let result = value / (mean + Double(Float(1e-5))).squareRoot() * Double(gain)
                    let bound = abs(result) * Double(16 + width) * 0x1p-24 + 1e-37
                    return Estimate(value: result, bound: bound)
                }
            }
            #expect(estimates.agree(with: output.entries), "[\(rows), \(width)]")
        }
    }

    @Test(
        "gatherRows copies rows of a weight, dequantised",
        arguments: InstructionSet.available,
        WeightFormat.allCases
    )
    func gatherWeightRows(set: InstructionSet, format: WeightFormat) throws {
        var numbers = RandomNumbers(seed: 9)
        let compute = try Compute(threadCount: 3, instructionSet: set)
        for width in Self.widths {
            let weight = numbers.weight(17, width, format)
            for rows in [[], [16], [3, 0, 3], (0..<100).map { Int32($0 * 7 % 17) }] as [[Int32]] {
                var output = Activations()
                compute.gatherRows(of: weight, rows, into: &output)
                let expected = rows.flatMap { weight.entries(ofRow: Int($0)) }
                #expect(output.rowCount == rows.count && output.width == width)
                #expect(output.entries.bits == expected.bits)
            }
        }
    }

    @Test("gatherRows copies rows of activations", arguments: InstructionSet.available)
    func gatherActivationRows(set: InstructionSet) throws {
        try forEachShape(set) { compute, entries, rows, width in
            let chosen = (0..<3 * rows).map { Int32($0 * 5 % rows) }
            var output = Activations()
            compute.gatherRows(of: Activations(entries, width: width), chosen, into: &output)
            let expected = chosen.flatMap { entries.row(Int($0), width: width) }
            #expect(output.rowCount == chosen.count && output.width == width)
            #expect(output.entries.bits == expected.bits)
        }
    }

    @Test("rowSquaredNorms agrees with double precision", arguments: InstructionSet.available)
    func rowSquaredNorms(set: InstructionSet) throws {
        try forEachShape(set) { compute, entries, rows, width in
            var norms: [Float] = [.nan]
            compute.rowSquaredNorms(Activations(entries, width: width), into: &norms)
            let estimates = (0..<rows).map { row -> Estimate in
                let values = entries.row(row, width: width)
                return .dot(values, values)
            }
            #expect(estimates.agree(with: norms), "[\(rows), \(width)]")
        }
    }

    @Test(
        "logSumExp agrees with double precision, however large the entries",
        arguments: InstructionSet.available,
        [Float(1), 30, 1e4, 1e30]
    )
    func logSumExp(set: InstructionSet, magnitude: Float) throws {
        try forEachShape(set, in: -magnitude...magnitude) { compute, entries, rows, width in
            var result: [Float] = []
            compute.logSumExp(Activations(entries, width: width), into: &result)
            let estimates = (0..<rows).map { row -> Estimate in
                let values = entries.row(row, width: width).map(Double.init)
                let largest = values.max() ?? 0
                let sum = values.reduce(0) { $0 + exp($1 - largest) }
                let value = largest + log(sum)
                let bound = (abs(value) + abs(largest) + Double(width + 16)) * 0x1p-22
                return Estimate(value: value, bound: bound)
            }
            #expect(estimates.agree(with: result), "[\(rows), \(width)]")
        }
    }
}
