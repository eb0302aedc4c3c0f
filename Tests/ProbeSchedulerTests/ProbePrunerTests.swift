import Kernels
import TestSupport
import Testing

@testable import ProbeScheduler

@Suite("ProbePruner")
struct ProbePrunerTests {
    private typealias Fixture = PrunerFixture

    private let compute: Compute

    init() throws {
        compute = try Compute(threadCount: 1)
    }

    @Test(
        "scores and masks are those of the formulas, with and without history",
        arguments: 1...6 as ClosedRange<UInt64>,
        [true, false]
    )
    func endToEnd(seed: UInt64, hasHistory: Bool) throws {
        let fixture = Fixture(seed: seed)
        let history = hasHistory ? fixture.history : nil
        let pruner = fixture.pruner(history: history)
        var decisions: [BlockDecision] = []
        pruner.onDecision = { decisions.append($0) }
        for block in fixture.shape.blocks {
            let mask = try #require(try fixture.mask(pruner, block, compute: compute))
            let decision = try #require(decisions.last)
            let selection = ProbeSelection(
                squaredNorms: fixture.squaredNorms(),
                layout: fixture.layout,
                tokenRatio: 0.5,
                sampleRatio: 0.6
            )
            #expect(decision.block == block)
            #expect(decision.selection == selection)
            let norms = try #require(fixture.norms[block])
            let activations = fixture.activations(block, selection, history: history)
            let scores =
                block.kind == .mlp
                ? ChannelScore.ppspChannels(activations, norms)
                : ChannelScore.ppspHeads(activations, norms, headDimension: 3)
            #expect(agree(decision.scores, scores))
            let count = block.kind == .mlp ? 6 : 3
            #expect(try mask == ChannelMask(keepingTop: count, of: scores))
            #expect(decision.mask == mask)
        }
        #expect(decisions.count == 2)
    }

    @Test("full-batch probing looks at every row")
    func fullBatch() throws {
        let fixture = Fixture(seed: 9)
        let pruner = fixture.pruner(.fullBatch)
        var rows: [Int32] = []
        pruner.onDecision = { rows = $0.selection.rows }
        _ = try fixture.mask(pruner, .mlp(layer: 0), compute: compute)
        #expect(rows == (0..<14).map(Int32.init))
    }

    @Test("kept channels move towards the batch's mean squares, pruned ones stay")
    func history() throws {
        let fixture = Fixture(seed: 3)
        let pruner = fixture.pruner(
            .init(tokenRatio: 0.5, sampleRatio: 0.6, momentum: 0.9),
            history: fixture.history
        )
        let block = PrunableBlock.attention(layer: 0)
        let mask = try #require(try fixture.mask(pruner, block, compute: compute))
        #expect(pruner.history == fixture.history)
        let columns = mask.kept.flatMap { $0 * 3..<$0 * 3 + 3 }
        pruner.observe(
            block,
            intermediate: Activations(fixture.kept(block, columns), width: columns.count),
            mask: mask,
            layout: fixture.layout,
            compute: compute
        )
        pruner.finishBatch()
        var expected = fixture.history[block]
        for position in 0..<fixture.positionCount {
            for column in columns {
                let states = try #require(fixture.states[block])
                let values = fixture.lengths.indices
                    .filter { position < fixture.lengths[$0] }
                    .map { sample in
                        let row = fixture.lengths[..<sample].reduce(0, +) + position
                        return states[row * 12 + Int(column)]
                    }
                let mean = values.reduce(0) { $0 + $1 * $1 } / Float(values.count)
                let index = position * 12 + Int(column)
                expected[index] = 0.9 * expected[index] + 0.1 * mean
            }
        }
        let found = try #require(pruner.history)
        #expect(agree(found[block], expected))
        #expect(found[.mlp(layer: 0)] == fixture.history[.mlp(layer: 0)])
        #expect(pruner.sequenceStatistics.isEmpty)
    }

    @Test("each sequence's statistics are its own where kept, the probe's where pruned")
    func statistics() throws {
        let fixture = Fixture(seed: 5)
        var configuration = ProbeConfiguration(tokenRatio: 0.5, sampleRatio: 0.6)
        configuration.collectsSequenceStatistics = true
        let pruner = fixture.pruner(configuration, history: fixture.history)
        var selection: ProbeSelection?
        pruner.onDecision = { selection = $0.selection }
        let block = PrunableBlock.mlp(layer: 0)
        let mask = try #require(try fixture.mask(pruner, block, compute: compute))
        pruner.observe(
            block,
            intermediate: Activations(fixture.kept(block, mask.kept), width: mask.kept.count),
            mask: mask,
            layout: fixture.layout,
            compute: compute
        )
        #expect(pruner.sequenceStatistics.isEmpty)
        pruner.finishBatch()
        let chosen = try #require(selection)
        let estimate = fixture.activations(block, chosen, history: fixture.history)
            .map { $0 / Float(chosen.positions.count) }
        #expect(pruner.sequenceStatistics.map(\.tokenCount) == fixture.lengths)
        for (sample, statistics) in pruner.sequenceStatistics.enumerated() {
            var expected = estimate
            let rows = fixture.layout.samples[sample].rows
            for column in mask.kept.map({ Int($0) }) {
                let states = try #require(fixture.states[block])
                let sum = rows.reduce(Float(0)) { sum, row in
                    sum + states[row * 10 + column] * states[row * 10 + column]
                }
                expected[column] = sum / Float(rows.count)
            }
            #expect(agree(try #require(statistics[block]).meanSquares, expected))
            #expect(statistics[.attention(layer: 0)] == nil)
        }
        pruner.finishBatch()
        #expect(pruner.sequenceStatistics.isEmpty)
    }

    @Test("a batch that failed half-way leaves no statistics to the next one")
    func failedBatch() throws {
        var configuration = ProbeConfiguration()
        configuration.collectsSequenceStatistics = true
        let fixture = Fixture(seed: 7)
        let pruner = fixture.pruner(configuration)
        for layout in [fixture.layout, BatchLayout(lengths: [2, 3, 4, 5])] {
            // The first batch never reaches `finishBatch`.
            for block in fixture.shape.blocks {
                let states = try #require(fixture.states[block])
                let width = fixture.shape.consumerWidth(block.kind)
                pruner.observe(
                    block,
                    intermediate: Activations(states, width: width),
                    mask: nil,
                    layout: layout,
                    compute: compute
                )
            }
        }
        pruner.finishBatch()
        #expect(pruner.sequenceStatistics.map(\.tokenCount) == [2, 3, 4, 5])
    }

    @Test("a probe that is not finite is refused", arguments: [Float.nan, .infinity])
    func nonFinite(value: Float) throws {
        let fixture = Fixture(seed: 2)
        for history in [nil, fixture.history] {
            let pruner = fixture.pruner(history: history)
            #expect(throws: MaskError.nonFiniteScore(channel: 1)) {
                try fixture.mask(pruner, .mlp(layer: 0), compute: compute, poison: value)
            }
            #expect(throws: MaskError.nonFiniteScore(channel: 0)) {
                try fixture.mask(pruner, .attention(layer: 0), compute: compute, poison: value)
            }
        }
    }

    @Test("layers that stay dense are neither probed nor observed")
    func denseLayers() throws {
        let shape = ModelShape.tiny(layers: 4)
        let policy = RatioPolicy(nominalRatio: 0.2, channelMultiple: 1)
        let history = ProbeHistory(shape: shape, positionCount: 2, policy: policy)
        let norms = Dictionary(
            uniqueKeysWithValues: shape.blocks.map { ($0, ConsumerNorms(channelCount: 4)) }
        )
        let pruner = ProbePruner(
            shape: shape,
            norms: norms,
            policy: policy,
            configuration: .init(),
            history: history
        )
        let input = Activations([1, 2, 3, 4], width: 4)
        let layout = BatchLayout(lengths: [1])
        for block in shape.blocks where block.layer < 3 {
            var probed = false
            let mask = try pruner.mask(
                for: block,
                squaredNorms: [30],
                normedSquaredNorms: { [] },
                layout: layout,
                compute: compute
            ) { _, _ in probed = true }
            #expect(mask == nil)
            #expect(!probed)
            pruner.observe(
                block,
                intermediate: input,
                mask: nil,
                layout: layout,
                compute: compute
            )
        }
        #expect(pruner.history == history)
    }

    @Test("a pruned layer that ran dense moves every channel's history")
    func denseObservation() throws {
        let fixture = Fixture(seed: 4)
        let pruner = fixture.pruner(
            .init(momentum: 0.5),
            history: fixture.history
        )
        let block = PrunableBlock.mlp(layer: 0)
        let states = try #require(fixture.states[block])
        pruner.observe(
            block,
            intermediate: Activations(states, width: 10),
            mask: nil,
            layout: fixture.layout,
            compute: compute
        )
        let changed = zip(try #require(pruner.history)[block], fixture.history[block])
        #expect(changed.allSatisfy { $0 != $1 })
    }

    @Test("thread counts do not change a decision")
    func threads() throws {
        let fixture = Fixture(seed: 8)
        let block = PrunableBlock.mlp(layer: 0)
        var scores: [[Float]] = []
        for threads in [1, 3] {
            let pruner = fixture.pruner(history: fixture.history)
            pruner.onDecision = { scores.append($0.scores) }
            _ = try fixture.mask(pruner, block, compute: Compute(threadCount: threads))
        }
        #expect(scores.count == 2)
        #expect(scores.first == scores.last)
    }
}

@Suite(
    "ProbePruner, golden",
    .enabled(if: SharedFolder.isAvailable, SharedFolder.absence)
)
struct ProbePrunerGoldenTests {
    @Test("decides as the published implementation does", arguments: ["a", "b", "c"])
    func golden(name: String) throws {
        let golden = try #require(try GoldenCase.named(name))
        let policy = RatioPolicy(
            nominalRatio: golden.ppsp.ratio,
            channelMultiple: golden.multiple
        )
        let shape = golden.shape
        var history = ProbeHistory(
            shape: shape,
            positionCount: golden.length,
            policy: policy
        )
        for block in shape.blocks { history.replace(block, with: golden.history) }
        let norms = Dictionary(uniqueKeysWithValues: shape.blocks.map { ($0, golden.norms) })
        let pruner = ProbePruner(
            shape: shape,
            norms: norms,
            policy: policy,
            configuration: .init(
                tokenRatio: golden.tokenRatio,
                sampleRatio: golden.sampleRatio
            ),
            history: history
        )
        let compute = try Compute(threadCount: 2)
        var decisions: [BlockDecision] = []
        pruner.onDecision = { decisions.append($0) }
        for block in shape.blocks {
            _ = try pruner.mask(
                for: block,
                squaredNorms: golden.squaredNorms,
                normedSquaredNorms: { [] },
                layout: golden.layout,
                compute: compute
            ) { selection, states in
                #expect(selection.positions == golden.tokens)
                #expect(selection.samples == golden.samples)
                states.assign(golden.probe, width: golden.width)
            }
        }
        #expect(agree(decisions[0].scores, golden.ppsp.attention))
        #expect(decisions[0].mask.kept == golden.ppsp.headsKept)
        #expect(agree(decisions[1].scores, golden.ppsp.mlp))
        #expect(decisions[1].mask.kept == golden.ppsp.channelsKept)
    }
}
