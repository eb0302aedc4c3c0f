import Testing

@testable import Kernels

@Suite("Operations of layers")
struct LayerOperationTests {
    private static let shapes = [(0, 3), (1, 1), (2, 17), (33, 65), (100, 577)]

    /// Calls `body` with a compute and rows of every shape.
    private func forEachShape(
        _ set: InstructionSet,
        _ body: (Compute, inout RandomNumbers, _ rows: Int, _ width: Int) throws -> Void
    ) throws {
        var numbers = RandomNumbers(seed: 21)
        for threadCount in [1, 3] {
            let compute = try Compute(threadCount: threadCount, instructionSet: set)
            for (rows, width) in Self.shapes { try body(compute, &numbers, rows, width) }
        }
    }

    @Test("layerNorm agrees with double precision", arguments: InstructionSet.available)
    func layerNorm(set: InstructionSet) throws {
        try forEachShape(set) { compute, numbers, rows, width in
            // A mean far from 0 shows what cancels.
            let entries = numbers.floats(rows * width, in: 9...11)
            let (gain, bias) = (numbers.floats(width), numbers.floats(width))
            var output = Activations()
            compute.layerNorm(
                Activations(entries, width: width),
                weight: gain,
                bias: bias,
                epsilon: 1e-5,
                into: &output
            )
            let estimates = (0..<rows).flatMap { row -> [Estimate] in
                let values = entries.row(row, width: width).map(Double.init)
                let mean = values.reduce(0, +) / Double(width)
                let variance =
                    values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(width)
                let deviation = (variance + Double(Float(1e-5))).squareRoot()
                return values.indices.map { column in
                    let normal = (values[column] - mean) / deviation * Double(gain[column])
                    return Estimate(
                        value: normal + Double(bias[column]),
                        bound: (abs(normal) + abs(Double(bias[column]))) * 0x1p-21 + 1e-9
                    )
                }
            }
            #expect(estimates.agree(with: output.entries), "[\(rows), \(width)]")
        }
    }

    @Test("rmsNormRuns equals rmsNorm of the runs as rows", arguments: InstructionSet.available)
    func rmsNormRuns(set: InstructionSet) throws {
        try forEachShape(set) { compute, numbers, rows, width in
            for runs in [1, 4] {
                let entries = numbers.floats(rows * runs * width)
                let gain = numbers.floats(width)
                var activations = Activations(entries, width: runs * width)
                compute.rmsNormRuns(&activations, weight: gain, epsilon: 1e-6)
                var expected = Activations()
                compute.rmsNorm(
                    Activations(entries, width: width),
                    weight: gain,
                    epsilon: 1e-6,
                    into: &expected
                )
                #expect(activations.entries.bits == expected.entries.bits)
                #expect(rows == 0 || activations.width == runs * width)
            }
        }
    }

    @Test("addBias, add, scale and relu are exact", arguments: InstructionSet.available)
    func elementwise(set: InstructionSet) throws {
        try forEachShape(set) { compute, numbers, rows, width in
            let (entries, others) = (numbers.floats(rows * width), numbers.floats(rows * width))
            let bias = numbers.floats(width)
            func after(_ change: (inout Activations) -> Void) -> [UInt32] {
                var activations = Activations(entries, width: width)
                change(&activations)
                return activations.entries.bits
            }
            let biased = entries.indices.map { entries[$0] + bias[$0 % width] }
            #expect(after { compute.addBias(bias, to: &$0) } == biased.bits)
            let sum = zip(entries, others).map { $0 + $1 }
            #expect(after { compute.add(Activations(others, width: width), to: &$0) } == sum.bits)
            #expect(after { compute.scale(&$0, by: 3.3) } == entries.map { $0 * 3.3 }.bits)
            #expect(after { compute.relu(&$0) } == entries.map { max($0, 0) }.bits)
        }
    }

    @Test("relu lets NaN through", arguments: InstructionSet.available)
    func reluOfNaN(set: InstructionSet) throws {
        let compute = try Compute(threadCount: 1, instructionSet: set)
        var activations = Activations([.nan, -1, 2], width: 3)
        compute.relu(&activations)
        #expect(activations.entries[0].isNaN)
        #expect(activations.entries[1...] == [0, 2])
    }
}
