import Kernels
import Testing

@testable import ProbeScheduler

@Suite("StatisticsPruner")
struct StatisticsPrunerTests {
    private let shape = ModelShape.tiny(heads: 1, headDimension: 2, channels: 2)

    @Test("takes each sample's mean squares in every block, and starts afresh with a batch")
    func meanSquares() throws {
        let compute = try Compute(threadCount: 1)
        let pruner = StatisticsPruner(.meanSquares, shape: shape)
        for (scale, lengths) in [(Float(1), [2, 1]), (2, [1, 2])] {
            let layout = BatchLayout(lengths: lengths, firstPositions: [7, 3])
            let input = Activations([1, 2, 3, 4, 5, 6].map { $0 * scale }, width: 2)
            for block in shape.blocks {
                let mask = pruner.mask(
                    for: block,
                    squaredNorms: [],
                    normedSquaredNorms: { [] },
                    layout: layout,
                    compute: compute
                ) { _, _ in Issue.record("a refresh must not probe") }
                #expect(mask == nil)
                pruner.observe(
                    block,
                    intermediate: input,
                    mask: nil,
                    layout: layout,
                    compute: compute
                )
            }
            pruner.finishBatch()
            #expect(pruner.sequenceStatistics.map(\.tokenCount) == lengths)
            for block in shape.blocks {
                let found = pruner.sequenceStatistics.map { $0[block]?.meanSquares }
                #expect(
                    found == (scale == 1 ? [[5, 10], [25, 36]] : [[4, 16], [68, 104]])
                )
            }
        }
    }

    @Test("moments leave each sequence's first position out, and a row of its own knows nothing")
    func moments() throws {
        let compute = try Compute(threadCount: 1)
        let pruner = StatisticsPruner(.moments, shape: shape)
        // Three sequences: from the start, from position 3, and a first position alone.
        let layout = BatchLayout(lengths: [3, 2, 1], firstPositions: [0, 3, 0])
        let input = Activations([90, 90, 1, -2, 3, 4, 5, 0, 7, 6, 80, 80], width: 2)
        for block in shape.blocks {
            pruner.observe(
                block,
                intermediate: input,
                mask: nil,
                layout: layout,
                compute: compute
            )
        }
        pruner.finishBatch()
        let found = pruner.sequenceStatistics
        #expect(found.map(\.tokenCount) == [2, 2, 0])
        for block in shape.blocks {
            #expect(found[0][block] == ChannelAverages(meanSquares: [5, 10], means: [2, 1]))
            #expect(found[1][block] == ChannelAverages(meanSquares: [37, 18], means: [6, 3]))
            #expect(found[2][block] == nil)
        }
    }

    @Test("a batch that was given up leaves nothing in the next one")
    func abandoned() throws {
        let compute = try Compute(threadCount: 1)
        let pruner = StatisticsPruner(.meanSquares, shape: shape)
        for (values, isWhole) in [([Float](repeating: 9, count: 4), false), ([1, 2, 3, 4], true)] {
            for block in isWhole ? shape.blocks : Array(shape.blocks.prefix(1)) {
                pruner.observe(
                    block,
                    intermediate: Activations(values, width: 2),
                    mask: nil,
                    layout: BatchLayout(lengths: [2]),
                    compute: compute
                )
            }
            if isWhole { pruner.finishBatch() }
        }
        #expect(pruner.sequenceStatistics.map { $0[shape.blocks[0]]?.meanSquares } == [[5, 10]])
    }
}

@Suite("StaticPruner and DensePruner")
struct StaticPrunerTests {
    @Test("give every batch the same masks, and learn nothing")
    func masks() throws {
        let compute = try Compute(threadCount: 1)
        let mask = try ChannelMask(kept: [1], channelCount: 2)
        let block = PrunableBlock.mlp(layer: 0)
        let input = Activations([1, 2], width: 2)
        let layout = BatchLayout(lengths: [1])
        var pruners: [any Pruner] = [StaticPruner(masks: [block: mask]), DensePruner()]
        for index in pruners.indices {
            for _ in 0..<2 {
                for asked in [PrunableBlock.attention(layer: 0), block] {
                    let found = try pruners[index].mask(
                        for: asked,
                        squaredNorms: [],
                        normedSquaredNorms: { [] },
                        layout: layout,
                        compute: compute
                    ) { _, _ in Issue.record("a static method must not probe") }
                    #expect(found == (index == 0 && asked == block ? mask : nil))
                    pruners[index].observe(
                        asked,
                        intermediate: input,
                        mask: found,
                        layout: layout,
                        compute: compute
                    )
                }
                pruners[index].finishBatch()
            }
        }
    }
}
