import Foundation
import Testing

@testable import Kernels

@Suite("Heads")
struct HeadTests {
    private static let rowCounts = [0, 1, 2, 7, 33, 100]

    /// A store for 112 slots a layer.
    private func store(kvHeads: Int, _ dimension: Int, _ format: KVFormat = .f32) throws -> KVStore
    {
        try KVStore(
            layerCount: 2,
            blockCount: 7,
            blockSize: 16,
            kvHeadCount: kvHeads,
            headDimension: dimension,
            format: format
        )
    }

    /// Slots out of order.
    private func slots(_ count: Int) -> [Int32] { (0..<Int32(count)).map { $0 * 5 % 112 } }

    @Test(
        "queries and keys turn in pairs of both layouts, at far positions too; the rest stays alone",
        arguments: InstructionSet.available,
        [RotaryLayout.interleaved, .halves]
    )
    func rotation(set: InstructionSet, layout: RotaryLayout) throws {
        var numbers = RandomNumbers(seed: 8)
        let compute = try Compute(threadCount: 3, instructionSet: set)
        for (heads, kvHeads, dimension, pairCount) in [
            (1, 1, 2, 1), (3, 1, 6, 3), (9, 3, 64, 32), (0, 2, 34, 17), (3, 3, 40, 11),
            (2, 2, 5, 2),
        ] {
            var store = try store(kvHeads: kvHeads, dimension)
            for rows in Self.rowCounts {
                let frequencies = (0..<pairCount).map {
                    powf(10_000, -2 * Float($0) / Float(dimension))
                }
                let positions = (0..<rows).map { Int32(truncatingIfNeeded: $0 * 21_474_835) }
                let entries = [heads, kvHeads].map { numbers.floats(rows * $0 * dimension) }
                var queries = Activations(rowCount: rows, width: 0)
                if heads > 0 { queries = Activations(entries[0], width: heads * dimension) }
                var keys = Activations(entries[1], width: kvHeads * dimension)
                var angles = Activations()
                compute.rotaryAngles(
                    positions: positions,
                    inverseFrequencies: [[0.5, 0.25, 0], frequencies],
                    into: &angles
                )
                compute.placeHeads(
                    queries: &queries,
                    keys: &keys,
                    values: Activations(rowCount: rows, width: kvHeads * dimension),
                    HeadPlacement(
                        rotation: .init(layout: layout, pairCount: pairCount, firstColumn: 6)
                    ),
                    angles: angles,
                    slots: slots(rows),
                    in: &store,
                    layer: 1
                )
                for (entries, turned) in zip(entries, [queries.entries, keys.entries]) {
                    let estimates = entries.indices.map { index -> Estimate in
                        let (head, place) = index.quotientAndRemainder(dividingBy: dimension)
                        let row = head * rows * dimension / entries.count
                        let own = Double(entries[index])
                        guard place < 2 * pairCount else {
                            return Estimate(value: own, bound: .leastNonzeroMagnitude)
                        }
                        let isInterleaved = layout == .interleaved
                        let pair = isInterleaved ? place / 2 : place % pairCount
                        let isFirst = isInterleaved ? place.isMultiple(of: 2) : place < pairCount
                        let distance = isInterleaved ? 1 : pairCount
                        let angle = Double(positions[row]) * Double(frequencies[pair])
                        let other = Double(entries[isFirst ? index + distance : index - distance])
                        let value = own * cos(angle) + (isFirst ? -1 : 1) * other * sin(angle)
                        return Estimate(value: value, bound: (abs(own) + abs(other)) * 0x1p-22)
                    }
                    #expect(estimates.agree(with: turned), "[\(rows), \(dimension)]")
                }
            }
        }
    }

    @Test(
        "one step does what norms, rotation and storing do one after the other, bit for bit",
        arguments: InstructionSet.available,
        KVFormat.allCases
    )
    func oneStep(set: InstructionSet, format: KVFormat) throws {
        var numbers = RandomNumbers(seed: 9)
        let compute = try Compute(threadCount: 2, instructionSet: set)
        let (heads, kvHeads, dimension) = (6, 3, 20)
        let gains = (0..<2).map { _ in numbers.floats(dimension) }
        let rotation = HeadPlacement.Rotation(layout: .halves, pairCount: 10, firstColumn: 0)
        for rows in Self.rowCounts {
            var ours = try store(kvHeads: kvHeads, dimension, format)
            var expected = try store(kvHeads: kvHeads, dimension, format)
            var angles = Activations()
            compute.rotaryAngles(
                positions: (0..<Int32(rows)).map(\.self),
                inverseFrequencies: [numbers.floats(10)],
                into: &angles
            )
            var queries = Activations(
                numbers.floats(rows * heads * dimension),
                width: heads * dimension
            )
            var keys = Activations(
                numbers.floats(rows * kvHeads * dimension),
                width: kvHeads * dimension
            )
            let values = Activations(
                numbers.floats(rows * kvHeads * dimension),
                width: kvHeads * dimension
            )
            var normedQueries = Activations(queries.entries, width: queries.width)
            var normedKeys = Activations(keys.entries, width: keys.width)
            compute.rmsNormRuns(&normedQueries, weight: gains[0], epsilon: 1e-5)
            compute.rmsNormRuns(&normedKeys, weight: gains[1], epsilon: 1e-6)
            var unused = try store(kvHeads: kvHeads, dimension)
            compute.placeHeads(
                queries: &normedQueries,
                keys: &normedKeys,
                values: values,
                HeadPlacement(rotation: rotation),
                angles: angles,
                slots: slots(rows),
                in: &unused,
                layer: 0
            )
            compute.write(
                keys: normedKeys,
                values: values,
                slots: slots(rows),
                to: &expected,
                layer: 1
            )
            compute.placeHeads(
                queries: &queries,
                keys: &keys,
                values: values,
                HeadPlacement(
                    queryNorm: .init(gain: gains[0], epsilon: 1e-5),
                    keyNorm: .init(gain: gains[1], epsilon: 1e-6),
                    rotation: rotation
                ),
                angles: angles,
                slots: slots(rows),
                in: &ours,
                layer: 1
            )
            #expect(queries.entries.bits == normedQueries.entries.bits)
            #expect(keys.entries.bits == normedKeys.entries.bits)
            #expect(ours.bytes == expected.bytes)
            #expect(rows == 0 || ours.bytes.contains { $0 != 0 })
        }
    }

    @Test("without norms and rotation heads stay as they are", arguments: InstructionSet.available)
    func nothingToDo(set: InstructionSet) throws {
        var numbers = RandomNumbers(seed: 10)
        let compute = try Compute(threadCount: 2, instructionSet: set)
        var store = try store(kvHeads: 1, 7)
        let entries = numbers.floats(5 * 7)
        var queries = Activations(entries, width: 7)
        var keys = Activations(entries, width: 7)
        compute.placeHeads(
            queries: &queries,
            keys: &keys,
            values: Activations(entries, width: 7),
            HeadPlacement(),
            angles: Activations(),
            slots: slots(5),
            in: &store,
            layer: 0
        )
        #expect(queries.entries == entries && keys.entries == entries)
    }
}

extension KVStore {
    /// Everything that a store on one node holds.
    fileprivate var bytes: [UInt8] {
        let first = unsafe block(0, layer: 0, kvHead: 0).keys
        // SAFETY: all of the store's mapping.
        return unsafe Array(UnsafeRawBufferPointer(start: first, count: byteCount))
    }
}
