import Testing

@testable import Kernels

/// On a machine of one node these run over two that pretend; the arithmetic is the same.
@Suite("Products over several nodes")
struct NodeProductTests {
    private static let rowCount = 333
    private static let columnCount = 65

    /// Kept lists: none at all, everywhere, on the first node, on the last, one row, not ascending.
    private static let lists: [[Int32]?] = [
        nil, [], stride(from: 0, to: 333, by: 2).map(\.self), Array(0..<50), Array(300..<333),
        [170], Array((0..<100).reversed()),
    ]

    private struct Weights {
        var gate: WeightMatrix
        var up: WeightMatrix
        var down: WeightMatrix

        init(_ format: WeightFormat, _ compute: Compute) {
            var numbers = RandomNumbers(seed: 11)
            let (rows, columns) = (NodeProductTests.rowCount, NodeProductTests.columnCount)
            gate = numbers.weight(rows, columns, format, compute: compute)
            up = numbers.weight(rows, columns, format, compute: compute)
            down = numbers.weight(
                rows,
                columns,
                format,
                outputsAreColumns: true,
                compute: compute
            )
        }
    }

    private struct Results: Equatable {
        var product: [Float]
        var gated: [Float]
        /// What `sum` held before.
        var before: [Float]
        var sum: [Float]
    }

    /// The three products of `tokens` seeded rows, all with the same kept list.
    private func products(
        _ compute: Compute,
        _ weights: Weights,
        tokens: Int,
        keeping: [Int32]?
    ) -> Results {
        var numbers = RandomNumbers(seed: 12)
        let input = Activations(numbers.floats(tokens * Self.columnCount), width: Self.columnCount)
        var product = Activations()
        var gated = Activations()
        compute.selectOut(input, weights.gate, keeping: keeping, into: &product)
        compute.gatedUnit(
            input,
            gate: weights.gate,
            up: weights.up,
            keeping: keeping,
            into: &gated
        )
        let before = numbers.floats(tokens * Self.columnCount)
        var sum = Activations(before, width: Self.columnCount)
        compute.selectIn(gated, weights.down, keeping: keeping, addingTo: &sum)
        return Results(
            product: product.entries,
            gated: gated.entries,
            before: before,
            sum: sum.entries
        )
    }

    /// What the inward product of `results` comes to when one node makes each node's sum.
    private func sums(
        _ one: Compute,
        _ down: WeightMatrix,
        _ rowShares: NodeShares,
        _ results: Results,
        keeping: [Int32]?
    ) -> [Float] {
        let list = keeping ?? Array(0..<Int32(Self.rowCount))
        let shares = rowShares.shares(of: list) ?? NodeShares(counts: [list.count])
        let tokens = results.before.count / Self.columnCount
        var total = Activations(results.before, width: Self.columnCount)
        var isFirst = true
        for node in 0..<shares.nodeCount where !shares[node].isEmpty && tokens > 0 {
            let own = (0..<tokens).flatMap {
                results.gated.row($0, width: list.count)[shares[node]]
            }
            let input = Activations(own, width: shares[node].count)
            let kept = Array(list[shares[node]])
            if isFirst {
                one.selectIn(input, down, keeping: kept, addingTo: &total)
            } else {
                var sum = Activations(rowCount: tokens, width: Self.columnCount)
                one.selectIn(input, down, keeping: kept, addingTo: &sum)
                one.add(sum, to: &total)
            }
            isFirst = false
        }
        return total.entries
    }

    @Test(
        "products give what one node gives, and inward ones its sums over each share, bit for bit",
        arguments: InstructionSet.available,
        WeightFormat.allCases
    )
    func agreesWithOneNode(set: InstructionSet, format: WeightFormat) throws {
        let one = try Compute(threadCount: 1, instructionSet: set, numa: .off)
        let several = try Compute(.auto, instructionSet: set)
        let (plain, shared) = (Weights(format, one), Weights(format, several))
        #expect(plain.down.rowShares == nil)
        let shares = try #require(shared.down.rowShares)
        for keeping in Self.lists {
            for tokens in [0, 1, 7, 50, 100] {
                let expected = products(one, plain, tokens: tokens, keeping: keeping)
                let found = products(several, shared, tokens: tokens, keeping: keeping)
                #expect(found.product.bits == expected.product.bits)
                #expect(found.gated.bits == expected.gated.bits)
                let sums = sums(one, plain.down, shares, expected, keeping: keeping)
                #expect(found.sum.bits == sums.bits, "\(keeping ?? []), \(tokens) tokens")
            }
        }
    }

    @Test(
        "results depend neither on the number of workers nor on the other tokens",
        arguments: WeightFormat.allCases
    )
    func resultsAreFixed(format: WeightFormat) throws {
        let four = try Compute(.auto)
        let weights = Weights(format, four)
        for threads in [four.nodes.parts.count, 9] {
            let other = try Compute(.auto, threadCount: threads)
            #expect(other.nodes.parts.map(\.share) == four.nodes.parts.map(\.share))
            let others = Weights(format, other)
            for keeping in Self.lists {
                let batch = products(four, weights, tokens: 60, keeping: keeping)
                #expect(products(other, others, tokens: 60, keeping: keeping) == batch)
                // The first token has the same operands alone as among sixty.
                let few = products(four, weights, tokens: 1, keeping: keeping)
                let first = Array(batch.gated.prefix(few.gated.count))
                #expect(few.gated == first)
            }
        }
    }

    @Test(
        "a full ascending kept-list gives what nil gives, bit for bit",
        arguments: InstructionSet.available,
        WeightFormat.allCases
    )
    func fullListIsNil(set: InstructionSet, format: WeightFormat) throws {
        let compute = try Compute(.auto, instructionSet: set)
        let weights = Weights(format, compute)
        for tokens in [1, 7, 50] {
            #expect(
                products(compute, weights, tokens: tokens, keeping: Array(0..<333))
                    == products(compute, weights, tokens: tokens, keeping: nil)
            )
        }
    }

    @Test(
        "replicated weights give what one node gives, bit for bit",
        arguments: InstructionSet.available,
        WeightFormat.allCases
    )
    func replicatesAgree(set: InstructionSet, format: WeightFormat) throws {
        let one = try Compute(threadCount: 1, instructionSet: set, numa: .off)
        let several = try Compute(.replicate, instructionSet: set)
        let (plain, copied) = (Weights(format, one), Weights(format, several))
        let unitBytes = plain.gate.byteCount - Self.rowCount * format.rowByteCount(Self.columnCount)
        #expect(
            copied.gate.byteCount - unitBytes
                == several.nodes.parts.count * (plain.gate.byteCount - unitBytes)
        )
        for keeping in Self.lists {
            for tokens in [1, 7, 100] {
                #expect(
                    products(several, copied, tokens: tokens, keeping: keeping)
                        == products(one, plain, tokens: tokens, keeping: keeping)
                )
            }
        }
    }

    @Test("rows can be read whatever node they lie on", arguments: WeightFormat.allCases)
    func readsRows(format: WeightFormat) throws {
        let one = try Compute(threadCount: 1, numa: .off)
        for mode in [NUMAMode.auto, .replicate] {
            let several = try Compute(mode)
            let (plain, placed) = (Weights(format, one), Weights(format, several))
            var rows = Activations()
            var expected = Activations()
            several.gatherRows(of: placed.gate, [332, 0, 170], into: &rows)
            one.gatherRows(of: plain.gate, [332, 0, 170], into: &expected)
            #expect(rows.entries.bits == expected.entries.bits)
            #expect(placed.down.entries(ofRow: 200) == plain.down.entries(ofRow: 200))
        }
    }
}
