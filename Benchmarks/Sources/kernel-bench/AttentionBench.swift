import CPeak
import Kernels

/// Attention of one sequence over a cache of 16 layers, which does not fit the inner caches.
final class AttentionBench {
    private let model: ModelShapes
    private let compute: Compute
    private var store: KVStore
    private static let layers = 16
    private static let contextLimit = 1024

    init(_ model: ModelShapes, format: KVFormat, compute: Compute) throws {
        (self.model, self.compute) = (model, compute)
        store = try KVStore(
            layerCount: Self.layers,
            blockCount: Self.contextLimit / KVStore.positionGranule,
            blockSize: KVStore.positionGranule,
            kvHeadCount: model.kvHeads,
            headDimension: model.headDimension,
            format: format
        )
        var rows = Activations(
            rowCount: Self.contextLimit,
            width: model.kvHeads * model.headDimension
        )
        var random = RandomNumbers(seed: 3)
        var span = rows.mutableSpan
        for index in span.indices { span[index] = random.next() }
        for layer in 0..<Self.layers {
            compute.write(
                keys: rows,
                values: rows,
                slots: Array(0..<Int32(Self.contextLimit)),
                to: &store,
                layer: layer
            )
        }
    }

    /// Times `queries` successive queries behind `context - queries` positions, or from the start.
    func row(queries: Int, context: Int, rounds: Int, peak: Peak) -> AttentionRow {
        let first = max(0, context - queries)
        var query = Activations(rowCount: queries, width: model.heads * model.headDimension)
        query.fill(0.01)
        var output = Activations()
        let sequence = AttentionSequence(
            firstRow: 0,
            rowCount: queries,
            firstPosition: first,
            firstBlock: 0
        )
        let blocks = Int32(Self.contextLimit / KVStore.positionGranule)
        var seconds: [Double] = []
        for round in 0...rounds {
            let start = peak_thread_seconds()
            for layer in 0..<Self.layers {
                compute.attention(
                    query: query,
                    heads: Array(0..<Int32(model.heads)),
                    groupSize: model.heads / model.kvHeads,
                    scale: 0.125,
                    store: store,
                    layer: layer,
                    sequences: [sequence],
                    blockTable: Array(0..<blocks),
                    into: &output
                )
            }
            if round > 0 { seconds.append((peak_thread_seconds() - start) / Double(Self.layers)) }
        }
        // Query i sees first + i + 1 keys; a product with a key and one with a value each.
        let pairs = Double(queries * first + queries * (queries + 1) / 2)
        return AttentionRow(
            title: model.name,
            format: store.format,
            queries: queries,
            context: first + queries,
            operations: 4 * pairs * Double(model.heads * model.headDimension),
            seconds: seconds.median,
            peak: peak
        )
    }
}
