import Testing

@testable import Kernels

@Suite("Statistics")
struct StatisticsTests {
    private static let widths = [1, 3, 7, 17, 33, 65, 577]

    @Test(
        "sumOfSquares and sum add each row to its group and leaves negative groups out",
        arguments: InstructionSet.available
    )
    func sumOfSquares(set: InstructionSet) throws {
        var numbers = RandomNumbers(seed: 10)
        let compute = try Compute(threadCount: 2, instructionSet: set)
        for width in Self.widths {
            for rows in [0, 1, 2, 7, 50] {
                let entries = numbers.floats(rows * width)
                // Group 3 stays empty.
                let groups = (0..<rows).map { [2, -1, 0, 1, 0, -7][$0 % 6] as Int32 }
                var sums = Activations([.nan], width: 1)
                compute.sumOfSquares(
                    Activations(entries, width: width),
                    groups: groups,
                    groupCount: 4,
                    into: &sums
                )
                let estimates = (0..<4 * width).map { index -> Estimate in
                    let (group, column) = index.quotientAndRemainder(dividingBy: width)
                    let values = groups.indices.filter { groups[$0] == Int32(group) }
                        .map { entries[$0 * width + column] }
                    return .dot(values, values)
                }
                #expect(sums.rowCount == 4 && sums.width == width)
                #expect(estimates.agree(with: sums.entries), "[\(rows), \(width)]")
                compute.sum(
                    of: Activations(entries, width: width),
                    groups: groups,
                    groupCount: 4,
                    into: &sums
                )
                let totals = (0..<4 * width).map { index -> Estimate in
                    let (group, column) = index.quotientAndRemainder(dividingBy: width)
                    let values = groups.indices.filter { groups[$0] == Int32(group) }
                        .map { entries[$0 * width + column] }
                    return .dot(values, values.map { _ in 1 })
                }
                #expect(totals.agree(with: sums.entries), "[\(rows), \(width)]")
            }
        }
    }

    @Test(
        "two ways to group give what each gives alone, bit for bit",
        arguments: InstructionSet.available
    )
    func bothGroupings(set: InstructionSet) throws {
        var numbers = RandomNumbers(seed: 12)
        let compute = try Compute(threadCount: 2, instructionSet: set)
        for (rows, width) in [(0, 3), (1, 65), (50, 577)] {
            let input = Activations(numbers.floats(rows * width), width: width)
            let groups = (0..<rows).map { Int32($0 % 7) - 1 }
            let others = (0..<rows).map { Int32($0 / 20) }
            var sums = Activations()
            var otherSums = Activations()
            var alone = Activations()
            compute.sumOfSquares(
                input,
                groups: groups,
                groupCount: 6,
                into: &sums,
                groups: others,
                groupCount: 4,
                into: &otherSums
            )
            compute.sumOfSquares(input, groups: groups, groupCount: 6, into: &alone)
            #expect(sums.entries.bits == alone.entries.bits)
            compute.sumOfSquares(input, groups: others, groupCount: 4, into: &alone)
            #expect(otherSums.entries.bits == alone.entries.bits)
        }
    }

    @Test("three workers sum what one sums, bit for bit", arguments: InstructionSet.available)
    func workersAreInvisible(set: InstructionSet) throws {
        var numbers = RandomNumbers(seed: 11)
        let one = try Compute(threadCount: 1, instructionSet: set)
        let three = try Compute(threadCount: 3, instructionSet: set)
        let (entries, squares) = (numbers.floats(50 * 577), numbers.floats(50 * 577, in: 0...1))
        let input = Activations(entries, width: 577)
        let groups = (0..<50).map { Int32($0 % 3) }
        var left = Activations()
        var right = Activations()
        one.sumOfSquares(input, groups: groups, groupCount: 3, into: &left)
        three.sumOfSquares(input, groups: groups, groupCount: 3, into: &right)
        #expect(left.entries.bits == right.entries.bits)
        var (first, second): ([Float], [Float]) = ([], [])
        let history = Activations(squares, width: 577)
        one.fusedImportance(probe: left, history: left, into: &first)
        three.fusedImportance(probe: left, history: left, into: &second)
        #expect(first.bits == second.bits)
        one.fusedImportance(probe: history, history: history, into: &first)
        three.fusedImportance(probe: history, history: history, into: &second)
        #expect(first.bits == second.bits)
    }

    @Test("fusedImportance agrees with the paper's formula", arguments: InstructionSet.available)
    func fusedImportance(set: InstructionSet) throws {
        var numbers = RandomNumbers(seed: 12)
        let compute = try Compute(threadCount: 2, instructionSet: set)
        for width in Self.widths {
            for rows in [0, 1, 2, 7, 50] {
                var probe = numbers.floats(rows * width, in: 0...1)
                var history = numbers.floats(rows * width, in: 0...4)
                if rows > 1 { (probe[0], history[0], probe[1]) = (0, 0, 0) }
                var total: [Float] = [.nan]
                compute.fusedImportance(
                    probe: Activations(probe, width: width),
                    history: Activations(history, width: width),
                    into: &total
                )
                let estimates = (0..<width).map { column -> Estimate in
                    let value = (0..<rows).reduce(0.0) { sum, row in
                        let p = Double(probe[row * width + column])
                        let g = Double(history[row * width + column])
                        let ratio = p / (p + g + 1e-6)
                        return sum + (1 - ratio) * g + ratio * p
                    }
                    return Estimate(
                        value: value,
                        bound: value * Double(16 + rows) * 0x1p-24 + 1e-30
                    )
                }
                #expect(estimates.agree(with: total), "[\(rows), \(width)]")
            }
        }
    }
}
