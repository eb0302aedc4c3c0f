import Foundation
import Testing

@testable import Kernels

@Suite("Attention")
struct AttentionTests {
    /// Sizes of a store and of the query that reads it.
    struct Sizes: Sendable, CustomTestStringConvertible {
        var blockSize: Int
        var kvHeads: Int
        var groupSize: Int
        var dimension: Int
        /// Kept query heads.
        var heads: [Int32]
        var testDescription: String {
            "blocks of \(blockSize), \(kvHeads) × \(groupSize) heads of \(dimension), \(heads)"
        }

        static let all = [
            Sizes(blockSize: 16, kvHeads: 3, groupSize: 3, dimension: 64, heads: Array(0..<9)),
            Sizes(blockSize: 16, kvHeads: 3, groupSize: 3, dimension: 64, heads: [7, 0, 5, 2]),
            Sizes(blockSize: 48, kvHeads: 2, groupSize: 1, dimension: 17, heads: [1]),
            Sizes(blockSize: 16, kvHeads: 1, groupSize: 4, dimension: 1, heads: [3, 1]),
            Sizes(blockSize: 32, kvHeads: 2, groupSize: 2, dimension: 33, heads: [0, 3]),
        ]
    }

    /// Rows of one sequence: positions before them lie in the store already.
    private struct Run {
        var firstPosition: Int
        var rowCount: Int
        var length: Int { firstPosition + rowCount }
    }

    /// Keys and values of sequences, `[position, kvHeads × dimension]`, in a store and beside it.
    private struct Context: ~Copyable {
        var store: KVStore
        var keys: [[Float]] = []
        var values: [[Float]] = []
        var firstBlocks: [Int] = []
        var blockTable: [Int32] = []
        let layer = 1

        init(
            _ sizes: Sizes,
            lengths: [Int],
            format: KVFormat = .f32,
            _ numbers: inout RandomNumbers
        ) throws {
            let counts = lengths.map { ($0 + sizes.blockSize - 1) / sizes.blockSize }
            let blockCount = counts.reduce(1, +)
            let compute = try Compute(threadCount: 2)
            store = try KVStore(
                layerCount: 3,
                blockCount: blockCount,
                blockSize: sizes.blockSize,
                kvHeadCount: sizes.kvHeads,
                headDimension: sizes.dimension,
                format: format
            )
            // Blocks out of order, as a pool that has been in use gives them.
            var free = (0..<Int32(blockCount)).shuffled(using: &numbers)
            let width = sizes.kvHeads * sizes.dimension
            for (length, count) in zip(lengths, counts) {
                let blocks = Array(free.suffix(count))
                free.removeLast(count)
                firstBlocks.append(blockTable.count)
                blockTable += blocks
                let slots = (0..<length).map {
                    blocks[$0 / sizes.blockSize] * Int32(sizes.blockSize)
                        + Int32($0 % sizes.blockSize)
                }
                var (key, value) = (
                    numbers.floats(length * width), numbers.floats(length * width)
                )
                compute.write(
                    keys: Activations(key, width: width),
                    values: Activations(value, width: width),
                    slots: slots,
                    to: &store,
                    layer: layer
                )
                if format == .bf16 {
                    key = key.map { Float(bitPattern: UInt32($0.roundedToBF16) << 16) }
                    value = value.map { Float(bitPattern: UInt32($0.roundedToBF16) << 16) }
                }
                keys.append(key)
                values.append(value)
            }
        }
    }

    private static let scale: Float = 0.3

    /// Runs that stand one after the other in the query.
    private func sequences(_ runs: [Run], firstBlocks: [Int]) -> [AttentionSequence] {
        var row = 0
        return zip(runs, firstBlocks).map { run, block in
            defer { row += run.rowCount }
            return AttentionSequence(
                firstRow: row,
                rowCount: run.rowCount,
                firstPosition: run.firstPosition,
                firstBlock: block
            )
        }
    }

    private func attention(
        _ compute: Compute,
        _ sizes: Sizes,
        query: [Float],
        _ context: borrowing Context,
        _ sequences: [AttentionSequence],
        window: Int? = nil
    ) -> [Float] {
        var output = Activations()
        compute.attention(
            query: Activations(query, width: sizes.heads.count * sizes.dimension),
            heads: sizes.heads,
            groupSize: sizes.groupSize,
            scale: Self.scale,
            window: window,
            store: context.store,
            layer: context.layer,
            sequences: sequences,
            blockTable: context.blockTable,
            into: &output
        )
        return output.entries
    }

    /// One query head's output: a plain softmax over `count` positions, or the last of them.
    ///
    /// Queries and weights may be `rounded` to bf16.
    private func expected(
        _ sizes: Sizes,
        query: [Float],
        rounded: Bool,
        kvHead: Int,
        count: Int,
        window: Int?,
        keys: [Float],
        values: [Float]
    ) -> [Estimate] {
        let width = sizes.kvHeads * sizes.dimension
        let oldest = max(0, count - (window ?? count))
        let scaled = query.map { rounded ? ($0 * Self.scale).asBF16 : $0 * Self.scale }
        let scores = (0..<count).map { position -> Double in
            guard position >= oldest else { return -.infinity }
            let first = position * width + kvHead * sizes.dimension
            return Estimate.dot(scaled, keys[first..<first + sizes.dimension]).value
        }
        let largest = scores.max() ?? 0
        let weights = scores.map { exp($0 - largest) }
        let total = weights.reduce(0, +)
        return (0..<sizes.dimension).map { column in
            let sum = weights.indices.reduce(0.0) { sum, position in
                let index = position * width + kvHead * sizes.dimension + column
                return sum + weights[position] * Double(values[index])
            }
            // Weights add up to 1, entries lie in -1...1; rounded, a weight and the total are off by 2⁻⁹.
            return Estimate(value: sum / total, bound: rounded ? 0x1p-8 : 4e-6)
        }
    }

    private static let runs = [
        Run(firstPosition: 0, rowCount: 1), Run(firstPosition: 0, rowCount: 70),
        Run(firstPosition: 37, rowCount: 1), Run(firstPosition: 18, rowCount: 33),
        Run(firstPosition: 15, rowCount: 2),
    ]

    @Test(
        "agrees with a plain softmax for ragged sequences and kept heads",
        arguments: InstructionSet.available,
        Sizes.all
    )
    func agrees(set: InstructionSet, sizes: Sizes) throws {
        for format in KVFormat.allCases {
            for window in [nil, 1, 2, 6, 33, 64, 1000] {
                try expectSoftmax(set, sizes, format, window: window)
            }
        }
    }

    private func expectSoftmax(
        _ set: InstructionSet,
        _ sizes: Sizes,
        _ format: KVFormat,
        window: Int?
    ) throws {
        var numbers = RandomNumbers(seed: 16)
        let lengths = Self.runs.map(\.length)
        let context = try Context(sizes, lengths: lengths, format: format, &numbers)
        let sequences = sequences(Self.runs, firstBlocks: context.firstBlocks)
        let rows = Self.runs.reduce(0) { $0 + $1.rowCount }
        let query = numbers.floats(rows * sizes.heads.count * sizes.dimension, in: -2...2)
        var estimates: [Estimate] = []
        for (index, run) in Self.runs.enumerated() {
            for offset in 0..<run.rowCount {
                for (slot, head) in sizes.heads.enumerated() {
                    let row = sequences[index].firstRow + offset
                    estimates += expected(
                        sizes,
                        query: query.row(row * sizes.heads.count + slot, width: sizes.dimension),
                        rounded: format == .bf16 && set.roundsToBF16,
                        kvHead: Int(head) / sizes.groupSize,
                        count: run.firstPosition + offset + 1,
                        window: window,
                        keys: context.keys[index],
                        values: context.values[index]
                    )
                }
            }
        }
        let one = try Compute(threadCount: 1, instructionSet: set)
        let three = try Compute(threadCount: 3, instructionSet: set)
        let output = attention(one, sizes, query: query, context, sequences, window: window)
        #expect(estimates.agree(with: output), "\(format), window \(window ?? 0)")
        let shared = attention(three, sizes, query: query, context, sequences, window: window)
        #expect(shared.bits == output.bits)
    }

    @Test(
        "what is rounded on the way leads to the same products, bit for bit",
        arguments: InstructionSet.available,
        Sizes.all
    )
    func roundedOnTheWay(set: InstructionSet, sizes: Sizes) throws {
        var numbers = RandomNumbers(seed: 17)
        let context = try Context(sizes, lengths: Self.runs.map(\.length), format: .bf16, &numbers)
        let sequences = sequences(Self.runs, firstBlocks: context.firstBlocks)
        let rows = Self.runs.reduce(0) { $0 + $1.rowCount }
        let width = sizes.heads.count * sizes.dimension
        let query = Activations(numbers.floats(rows * width, in: -2...2), width: width)
        let weight = numbers.weight(width, 64, .int8, outputsAreColumns: true)
        for threadCount in 1...3 {
            let compute = try Compute(threadCount: threadCount, instructionSet: set)
            let row = Activations(rowCount: 1, width: width)
            let scaledTogether = try #require(compute.roundingRoom(in: row, for: weight)?.together)
            let products = [weight, nil].map { next in
                var attended = Activations()
                var output = Activations(rowCount: rows, width: 64)
                compute.attention(
                    query: query,
                    heads: sizes.heads,
                    groupSize: sizes.groupSize,
                    scale: Self.scale,
                    store: context.store,
                    layer: context.layer,
                    sequences: sequences,
                    blockTable: context.blockTable,
                    into: &attended,
                    roundedFor: next
                )
                // Of shorter scales none is ever shared by two tasks.
                if sizes.dimension.isMultiple(of: scaledTogether) {
                    #expect(attended.quantised.isComplete == (next != nil))
                }
                compute.selectIn(attended, weight, keeping: nil, addingTo: &output)
                return output.entries.bits
            }
            #expect(products[0] == products[1])
        }
    }

    @Test(
        "a prompt in two calls gives what one call gives, bit for bit",
        arguments: InstructionSet.available,
        Sizes.all
    )
    func chunksAreInvisible(set: InstructionSet, sizes: Sizes) throws {
        var numbers = RandomNumbers(seed: 17)
        let compute = try Compute(threadCount: 2, instructionSet: set)
        for format in KVFormat.allCases {
            try expectChunksInvisible(sizes, format, compute, &numbers)
        }
    }

    private func expectChunksInvisible(
        _ sizes: Sizes,
        _ format: KVFormat,
        _ compute: Compute,
        _ numbers: inout RandomNumbers
    ) throws {
        let length = 75
        let context = try Context(sizes, lengths: [20, length], format: format, &numbers)
        let width = sizes.heads.count * sizes.dimension
        let query = numbers.floats(length * width, in: -2...2)
        let block = context.firstBlocks[1]
        func part(_ first: Int, _ count: Int, _ window: Int?) -> [Float] {
            let sequence = AttentionSequence(
                firstRow: 0,
                rowCount: count,
                firstPosition: first,
                firstBlock: block
            )
            let rows = Array(query[first * width..<(first + count) * width])
            return attention(compute, sizes, query: rows, context, [sequence], window: window)
        }
        for window in [nil, 3, 40] {
            let whole = part(0, length, window)
            for split in [1, 16, 33, 74] {
                let parts = part(0, split, window) + part(split, length - split, window)
                #expect(parts.bits == whole.bits, "split at \(split)")
            }
        }
    }

    @Test(
        "a head gives the same alone as among others, bit for bit",
        arguments: InstructionSet.available
    )
    func headsAreIndependent(set: InstructionSet) throws {
        var numbers = RandomNumbers(seed: 18)
        let compute = try Compute(threadCount: 2, instructionSet: set)
        let sizes = Sizes.all[0]
        let context = try Context(sizes, lengths: [50], &numbers)
        let query = numbers.floats(50 * 9 * 64)
        let sequence = AttentionSequence(firstRow: 0, rowCount: 50, firstPosition: 0, firstBlock: 0)
        let all = attention(compute, sizes, query: query, context, [sequence])
        for head in 0..<9 {
            var kept = sizes
            kept.heads = [Int32(head)]
            let rows = (0..<50).map { $0 * 9 + head }
            let alone = attention(
                compute,
                kept,
                query: rows.flatMap { query.row($0, width: 64) },
                context,
                [sequence]
            )
            #expect(alone.bits == rows.flatMap { all.row($0, width: 64) }.bits, "head \(head)")
        }
    }
}
