import Testing

@testable import Kernels

/// Activations keep their rows as whole numbers until they change, and may be rounded when they are made.
@Suite("Rounding")
struct RoundingTests {
    @Test(
        "an input that changes is rounded anew, for each kind of weight",
        arguments: InstructionSet.available,
        WeightFormat.allCases
    )
    func changedInput(set: InstructionSet, format: WeightFormat) throws {
        let compute = try Compute(threadCount: 2, instructionSet: set)
        var numbers = RandomNumbers(seed: 6)
        let weight = numbers.weight(33, 65, format)
        let other = numbers.weight(33, 65, format == .int8 ? .int4 : .int8)
        let floats = numbers.floats(7 * 65)
        let later = numbers.floats(7 * 65)
        /// Bits of the products with both weights.
        func products(_ input: borrowing Activations) -> [[UInt32]] {
            var output = Activations()
            return [weight, other, weight].map {
                compute.selectOut(input, $0, keeping: nil, into: &output)
                return output.entries.bits
            }
        }
        var input = Activations(floats, width: 65)
        let first = products(input)
        #expect(first[0] == first[2])
        var changed = input.mutableSpan
        for index in changed.indices { changed[index] = later[index] }
        #expect(products(input) == products(Activations(later, width: 65)))
        #expect(products(input) != first)
        compute.scale(&input, by: 0.5)
        #expect(products(input) == products(Activations(later.map { $0 * 0.5 }, width: 65)))
        input.reshape(rowCount: 7, width: 65)
        input.fill(0.5)
        let constant = [Float](repeating: 0.5, count: 7 * 65)
        #expect(products(input) == products(Activations(constant, width: 65)))
    }

    @Test(
        "norms that round on the way lead to the same products, bit for bit",
        arguments: InstructionSet.available,
        WeightFormat.allCases
    )
    func norms(set: InstructionSet, format: WeightFormat) throws {
        let compute = try Compute(threadCount: 2, instructionSet: set)
        var numbers = RandomNumbers(seed: 7)
        for (rows, width) in [(1, 65), (9, 576), (70, 300)] {
            let weight = numbers.weight(33, width, format)
            let input = Activations(numbers.floats(rows * width), width: width)
            let (gain, bias) = (numbers.floats(width), numbers.floats(width))
            /// Bits of the products with the input's norms.
            func products(roundedFor next: WeightMatrix?) -> [[UInt32]] {
                var normed = Activations()
                var output = Activations()
                compute.rmsNorm(
                    input,
                    weight: gain,
                    epsilon: 1e-5,
                    into: &normed,
                    roundedFor: next
                )
                #expect(normed.quantised.isComplete == (next != nil && format.isQuantised))
                compute.selectOut(normed, weight, keeping: nil, into: &output)
                let first = output.entries.bits
                compute.layerNorm(
                    input,
                    weight: gain,
                    bias: bias,
                    epsilon: 1e-5,
                    into: &normed,
                    roundedFor: next
                )
                #expect(normed.quantised.isComplete == (next != nil && format.isQuantised))
                compute.selectOut(normed, weight, keeping: nil, into: &output)
                return [first, output.entries.bits]
            }
            #expect(products(roundedFor: weight) == products(roundedFor: nil))
        }
    }

    @Test(
        "gated units that are rounded on the way lead to the same products, bit for bit",
        arguments: InstructionSet.available,
        [1, 2, 3]
    )
    func gatedUnits(set: InstructionSet, threadCount: Int) throws {
        let compute = try Compute(threadCount: threadCount, instructionSet: set)
        var numbers = RandomNumbers(seed: 8)
        let channels = 530
        let gate = numbers.weight(channels, 65, .int8)
        let up = numbers.weight(channels, 65, .int8)
        let down = numbers.weight(channels, 96, .int8, outputsAreColumns: true)
        let row = Activations(rowCount: 1, width: channels)
        let scaledTogether = try #require(compute.roundingRoom(in: row, for: down)?.together)
        let some = (0..<Int32(channels)).filter { $0 % 3 != 1 }
        for rows in [1, 5, 16, 300] {
            let input = Activations(numbers.floats(rows * 65), width: 65)
            for kept in [nil, some, [7]] as [[Int32]?] {
                /// Bits of the block's output.
                func output(roundedFor next: WeightMatrix?) -> [UInt32] {
                    var units = Activations()
                    var output = Activations(rowCount: rows, width: 96)
                    compute.gatedUnit(
                        input,
                        gate: gate,
                        up: up,
                        keeping: kept,
                        into: &units,
                        roundedFor: next
                    )
                    // Of shorter scales none is ever shared by two tasks.
                    if threadCount == 1 || scaledTogether <= 32 {
                        #expect(units.quantised.isComplete == (next != nil))
                    }
                    compute.selectIn(units, down, keeping: kept, addingTo: &output)
                    return output.entries.bits
                }
                #expect(output(roundedFor: down) == output(roundedFor: nil), "\(rows) rows")
            }
        }
    }
}
