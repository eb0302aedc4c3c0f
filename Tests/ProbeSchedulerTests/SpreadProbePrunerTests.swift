import Kernels
import Testing

@testable import ProbeScheduler

@Suite("SpreadProbePruner")
struct SpreadProbePrunerTests {
    private let compute: Compute

    init() throws {
        compute = try Compute(threadCount: 1)
    }

    @Test("rows lie in the middle of equal parts, with one first position among them")
    func spread() {
        // Rows 1…3 and 5…7 are later ones; three parts of two rows have 2, 5, 7 in their middles.
        let layout = BatchLayout(lengths: [4, 4])
        let selection = ProbeSelection(spreading: 4, over: layout)
        #expect(selection.rows == [2, 4, 5, 7])
        #expect(selection.positions == [0, 1, 2, 3])
        #expect(selection.rowPositionIndex == [2, 0, 1, 3])
        #expect(selection.samples == [0, 1])
        #expect(selection.sampleRowCounts == [1, 3])
    }

    @Test("no more rows are chosen than there are, and one at least", arguments: [0, 1, 2, 9])
    func counts(count: Int) {
        for layout in [BatchLayout(lengths: [1]), BatchLayout(lengths: [2], firstPositions: [5])] {
            let rows = ProbeSelection(spreading: count, over: layout).rows
            #expect(!rows.isEmpty && rows.count <= layout.rowCount)
            #expect(Set(rows).count == rows.count)
        }
    }

    @Test("a channel that never moves goes first, however large, and its mean comes back")
    func constantChannel() throws {
        let shape = ModelShape.tiny(heads: 1, headDimension: 1, channels: 2)
        var norm = ConsumerNorms(channelCount: 2)
        for channel in 0..<2 { norm.measure(channel: channel, weights: [1].span) }
        let block = PrunableBlock.mlp(layer: shape.layerCount - 1)
        let pruner = SpreadProbePruner(
            shape: shape,
            norms: [block: norm],
            policy: RatioPolicy(nominalRatio: 0.5, channelMultiple: 1, rescales: false),
            configuration: ProbeConfiguration(tokenRatio: 1, sampleRatio: 1),
            history: nil
        )
        // Channel 0 is 9 at the first position and 5 elsewhere; channel 1 is 0, 1, −1, 0.
        let values: [Float] = [9, 0, 5, 1, 5, -1, 5, 0]
        let input = Activations(values, width: 2)
        let mask = try pruner.mask(
            for: block,
            squaredNorms: [81, 26, 26, 25],
            normedSquaredNorms: { [] },
            layout: BatchLayout(lengths: [4]),
            compute: compute
        ) { selection, states in
            states = Activations(
                selection.rows.flatMap { [values[2 * Int($0)], values[2 * Int($0) + 1]] },
                width: 2
            )
        }
        let kept = try #require(mask)
        #expect(kept.kept == [1])
        var expected: ExpectedInput?
        _ = pruner.outputBias(of: block, mask: kept) {
            expected = $0
            return OutputBias(vector: [], firstPositionVector: nil)
        }
        #expect(expected == ExpectedInput(means: [5, 0], firstPositionMeans: [9, 0]))
    }

    @Test("heads stay and are paid for in channels: multiply-adds stay within the policy's")
    func exchange() {
        let shape = ModelShape(
            layerCount: 30,
            hiddenSize: 576,
            headCount: 9,
            kvHeadCount: 3,
            headDimension: 64,
            channelCount: 1536
        )
        // The policy keeps 6 heads and 896 channels; a head costs 128/3 channels.
        let exchange = HeadExchange(RatioPolicy(nominalRatio: 0.4), shape)
        #expect(exchange.headCount == 9)
        #expect(exchange.channelCount == 896 - 128)
        // Nothing to buy.
        let dense = HeadExchange(RatioPolicy(nominalRatio: 0.01), shape)
        #expect(dense.headCount == 9)
        #expect(dense.channelCount == 1536)
    }

    @Test("channels that are few buy as many heads as half of them pay for")
    func poorExchange() {
        // The policy keeps 2 of 4 heads and 4 of 8 channels; a head costs 2 · 2 / 3, thus 2 channels.
        let shape = ModelShape.tiny(heads: 4, headDimension: 2, channels: 8)
        let policy = RatioPolicy(nominalRatio: 0.5, channelMultiple: 1, rescales: false)
        let exchange = HeadExchange(policy, shape)
        #expect(exchange.headCount == 3)
        #expect(exchange.channelCount == 2)
    }

    @Test("calibration's variance leaves first positions out")
    func baseline() throws {
        let shape = ModelShape.tiny(heads: 1, headDimension: 1, channels: 1)
        let policy = RatioPolicy(nominalRatio: 0.5, skippedLayerCount: 0)
        var pruner = CalibrationPruner(shape: shape, positionCount: 3, policy: policy)
        let block = PrunableBlock.mlp(layer: 0)
        pruner.observe(
            block,
            intermediate: Activations([100, 1, 3, 90, 5, 7], width: 1),
            mask: nil,
            layout: BatchLayout(lengths: [3, 3]),
            compute: compute
        )
        let baseline = try #require(ChannelBaseline(pruner.history, block))
        #expect(agree(baseline.laterMeans, [4]))
        #expect(agree(baseline.firstMeans, [95]))
        // 1, 3, 5, 7: mean square 21, mean 4. The first positions' 18,100 cancels in floats.
        #expect(agree(baseline.laterVariances, [5], tolerance: 1e-3))
    }
}
