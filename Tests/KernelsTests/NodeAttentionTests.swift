import Testing

@testable import Kernels

/// On a machine of one node these run over two that pretend; the arithmetic is the same.
@Suite("Attention over several nodes")
struct NodeAttentionTests {
    private static let kvHeadCount = 3
    private static let groupSize = 2
    private static let width = 20
    private static let length = 70

    /// Outputs of all positions of one sequence, blocks in descending order.
    private func outputs(_ compute: Compute, _ format: KVFormat, heads: [Int32]) throws -> [Float] {
        var store = try KVStore(
            layerCount: 2,
            blockCount: 7,
            blockSize: 16,
            kvHeadCount: Self.kvHeadCount,
            headDimension: Self.width,
            format: format,
            nodes: compute.nodes
        )
        // A store of another size lies on the same nodes.
        store = try store.resized(blockCount: 9)
        #expect(store.headShares.nodeCount == max(1, compute.nodes.parts.count))
        var numbers = RandomNumbers(seed: 21)
        let blocks: [Int32] = [8, 6, 5, 2, 0]
        let rowWidth = Self.kvHeadCount * Self.width
        for layer in 0..<2 {
            compute.write(
                keys: Activations(numbers.floats(Self.length * rowWidth), width: rowWidth),
                values: Activations(numbers.floats(Self.length * rowWidth), width: rowWidth),
                slots: (0..<Self.length).map { blocks[$0 / 16] * 16 + Int32($0 % 16) },
                to: &store,
                layer: layer
            )
        }
        let query = numbers.floats(Self.length * heads.count * Self.width)
        var output = Activations()
        compute.attention(
            query: Activations(query, width: heads.count * Self.width),
            heads: heads,
            groupSize: Self.groupSize,
            scale: 0.2,
            store: store,
            layer: 1,
            sequences: [
                AttentionSequence(
                    firstRow: 0,
                    rowCount: Self.length,
                    firstPosition: 0,
                    firstBlock: 0
                )
            ],
            blockTable: blocks,
            into: &output
        )
        return output.entries
    }

    @Test(
        "gives what one node gives, bit for bit, whatever heads are kept",
        arguments: [NUMAMode.auto, .replicate],
        [KVFormat.f32, .bf16]
    )
    func agreesWithOneNode(mode: NUMAMode, format: KVFormat) throws {
        let one = try Compute(threadCount: 1, numa: .off)
        let several = try Compute(mode)
        for heads in [[0, 1, 2, 3, 4, 5], [0], [4, 5], [1, 2, 5], [5, 0, 2]] as [[Int32]] {
            let expected = try outputs(one, format, heads: heads)
            #expect(try outputs(several, format, heads: heads).bits == expected.bits, "\(heads)")
        }
    }
}
