import Kernels
import ProbeScheduler
import TestSupport
import Testing

@testable import Runtime

/// Passes that take a batch's rows a part at a time, on the real model with two workers, which take 512.
@Suite("Parts", .serialized)
struct PartsTests {
    private static let lengths = [300, 260, 90]
    private static let rowCount = 650
    /// The first and last row of each sequence, and those around the cut.
    private static let wanted: [Int32] = [0, 299, 300, 324, 325, 559, 560, 649]

    let model: LoadedModel
    let tokens: [Int32]

    init() async throws {
        model = try await ModelFixture.model(.int8)
        let size = model.network.vocabularySize
        tokens = (0..<Self.rowCount).map { Int32(($0 * 7_919 + 13) % size) }
    }

    /// Keeps a fixed mask, and notes how many rows each block's passes had, and their norms.
    private struct Watcher: Pruner {
        var needsWholeBatch: Bool
        var observesWholeBatch = true
        var masks: [PrunableBlock: ChannelMask] = [:]
        var rowCounts: [Int] = []
        var observedCounts: [Int] = []
        var norms: [PrunableBlock: [[Float]]] = [:]
        var finishCount = 0

        mutating func mask(
            for block: PrunableBlock,
            squaredNorms: [Float],
            normedSquaredNorms: () -> [Float],
            layout: BatchLayout,
            compute: Compute,
            firstHalf: (ProbeSelection, inout Activations) -> Void
        ) -> ChannelMask? {
            if block == .mlp(layer: 0) { rowCounts.append(layout.rowCount) }
            norms[block] = [squaredNorms, normedSquaredNorms()]
            return masks[block]
        }

        mutating func observe(
            _ block: PrunableBlock,
            intermediate: borrowing Activations,
            mask: ChannelMask?,
            layout: BatchLayout,
            compute: Compute
        ) {
            guard block == .mlp(layer: 0) else { return }
            #expect(intermediate.rowCount == layout.rowCount)
            observedCounts.append(layout.rowCount)
        }

        mutating func finishBatch() { finishCount += 1 }
    }

    /// One pass over the whole prompts; the rows of its result.
    private func states(
        _ pruner: inout Watcher,
        outputRows: [Int32]?,
        cachedLayers: Int? = nil
    ) throws -> (rows: [[Float]], multiplyAdds: MultiplyAdds) {
        let network = model.network
        let batch = ForwardBatch(
            tokens: tokens,
            layout: BatchLayout(lengths: Self.lengths),
            blockSize: KVCache.defaultBlockSize,
            outputRows: outputRows
        )
        var cache = try network.makeCache(layerCount: cachedLayers, blockCount: batch.blockCount)
        let workspace = try network.makeWorkspace()
        var report = ForwardReport(shape: network.shape)
        try network.forward(
            batch,
            cache: &cache,
            pruner: &pruner,
            workspace: workspace,
            report: &report
        )
        return (rows(of: workspace.normed), report.multiplyAdds)
    }

    private func rows(of activations: borrowing Activations) -> [[Float]] {
        var rows: [[Float]] = []
        for row in 0..<activations.rowCount {
            var entries: [Float] = []
            for column in 0..<activations.width { entries.append(activations.row(row)[column]) }
            rows.append(entries)
        }
        return rows
    }

    private func masks() throws -> [PrunableBlock: ChannelMask] {
        let shape = model.network.shape
        return Dictionary(
            uniqueKeysWithValues: try shape.blocks.filter { $0.layer > 2 }.map { block in
                let count = block.kind == .attention ? shape.headCount : shape.channelCount
                let kept = (0..<Int32(count)).filter { ($0 + Int32(block.layer)) % 3 != 0 }
                return (block, try ChannelMask(kept: kept, channelCount: count))
            }
        )
    }

    @Test("two parts give what the whole batch gives, bit for bit", arguments: [false, true])
    func equalsWhole(isMasked: Bool) throws {
        let masks = isMasked ? try masks() : [:]
        var whole = Watcher(needsWholeBatch: true, masks: masks)
        var parted = Watcher(needsWholeBatch: false, masks: masks)
        let expected = try states(&whole, outputRows: nil)
        let found = try states(&parted, outputRows: Self.wanted)
        #expect(expected.rows.count == Self.rowCount)
        #expect(found.rows == Self.wanted.map { expected.rows[Int($0)] })
        #expect(found.multiplyAdds == expected.multiplyAdds)
        #expect(whole.rowCounts == [650] && whole.finishCount == 1)
        #expect(parted.rowCounts == [325, 325] && parted.finishCount == 1)
    }

    @Test("blocks in parts give what whole ones give, bit for bit", arguments: [false, true])
    func blocksEqualWhole(isMasked: Bool) throws {
        let masks = isMasked ? try masks() : [:]
        var whole = Watcher(needsWholeBatch: true, masks: masks)
        var parted = Watcher(needsWholeBatch: true, observesWholeBatch: false, masks: masks)
        let expected = try states(&whole, outputRows: nil)
        let found = try states(&parted, outputRows: nil)
        #expect(found.rows == expected.rows)
        #expect(found.multiplyAdds == expected.multiplyAdds)
        #expect(whole.observedCounts == [650] && parted.observedCounts == [325, 325])
        #expect(parted.rowCounts == [650])
        #expect(parted.norms == whole.norms && whole.norms[.attention(layer: 1)]?[0].count == 650)
    }

    @Test("who needs the whole batch gets it, and so does a cache that keeps one layer")
    func keepsWhole() throws {
        var needing = Watcher(needsWholeBatch: true)
        let all = try states(&needing, outputRows: [3, 649])
        #expect(needing.rowCounts == [650])
        var scoring = Watcher(needsWholeBatch: false)
        let scored = try states(&scoring, outputRows: [3, 649], cachedLayers: 1)
        #expect(scoring.rowCounts == [650])
        #expect(scored.rows == all.rows)
    }

    @Test("a pass of which no row is wanted has no result")
    func noRows() throws {
        var pruner = Watcher(needsWholeBatch: false)
        #expect(try states(&pruner, outputRows: []).rows.isEmpty)
        #expect(pruner.rowCounts == [325, 325])
    }

    @Test("probes and statistics need the whole batch, fixed masks do not")
    func needs() throws {
        let network = model.network
        #expect(!DensePruner().needsWholeBatch)
        #expect(!StaticPruner(masks: [:]).needsWholeBatch)
        for method in Prober.allCases {
            let pruner = method.pruner(network, policy: RatioPolicy(nominalRatio: 0.4))
            #expect(pruner.needsWholeBatch, "\(method)")
            #expect(pruner.makeStatisticsPruner().needsWholeBatch, "\(method)")
            #expect(pruner.makeStatisticsPruner().observesWholeBatch, "\(method)")
        }
    }
}
