import Kernels
import TestSupport
import Testing

@testable import ProbeScheduler

/// What the published program can be told besides its sizes.
@Suite("Probe knobs")
struct ProbeKnobTests {
    private let compute: Compute

    init() throws {
        compute = try Compute(threadCount: 1)
    }

    @Test("a fixed share fuses probe and history alike in both blocks", arguments: [0, 0.25, 1])
    func fixedFusion(share: Float) throws {
        let fixture = PrunerFixture(seed: 2)
        var configuration = ProbeConfiguration(tokenRatio: 0.5, sampleRatio: 0.6)
        configuration.fusion = .fixed(share)
        let pruner = fixture.pruner(configuration, history: fixture.history)
        var decisions: [BlockDecision] = []
        pruner.onDecision = { decisions.append($0) }
        for block in fixture.shape.blocks {
            _ = try fixture.mask(pruner, block, compute: compute)
            let decision = try #require(decisions.last)
            let norms = try #require(fixture.norms[block])
            let probe = fixture.activations(block, decision.selection, history: nil)
            let width = fixture.shape.consumerWidth(block.kind)
            let rows = fixture.history[block]
            let past = (0..<width).map { channel in
                decision.selection.positions.reduce(Float(0)) { sum, position in
                    // Positions beyond the history read its mean.
                    let kept = 0..<fixture.positionCount
                    guard !kept.contains(position) else {
                        return sum + rows[position * width + channel]
                    }
                    let total = kept.reduce(Float(0)) { $0 + rows[$1 * width + channel] }
                    return sum + total / Float(kept.count)
                }
            }
            let fused = zip(past, probe).map { (1 - share) * $0 + share * $1 }
            let scores =
                block.kind == .mlp
                ? ChannelScore.ppspChannels(fused, norms)
                : ChannelScore.ppspHeads(fused, norms, headDimension: 3)
            #expect(agree(decision.scores, scores))
        }
    }

    @Test("a limit on the rows of the probe leaves few samples fewer positions, many as they were")
    func largestRowShare() throws {
        var configuration = ProbeConfiguration()
        for count in [1, 2, 4, 20] { #expect(configuration.tokenRatio(sampleCount: count) == 0.5) }
        configuration.largestRowShare = 0.125
        for (count, share) in [(1, 0.125), (2, 0.25), (4, 0.5), (20, 0.5), (21, 0.5)] {
            #expect(configuration.tokenRatio(sampleCount: count) == share)
        }
        let fixture = PrunerFixture(seed: 5, lengths: [16])
        let pruner = fixture.pruner(configuration, history: fixture.history)
        var decision: BlockDecision?
        pruner.onDecision = { decision = $0 }
        _ = try fixture.mask(pruner, .mlp(layer: 0), compute: compute)
        #expect(decision?.selection.rows.count == 2)
    }

    @Test("without a probe the history alone decides, and without either nothing is pruned")
    func historyOnly() throws {
        let fixture = PrunerFixture(seed: 5, lengths: [4, 2])
        var configuration = ProbeConfiguration()
        configuration.place = .none
        let pruner = fixture.pruner(configuration, history: fixture.history)
        var decision: BlockDecision?
        pruner.onDecision = { decision = $0 }
        let block = PrunableBlock.mlp(layer: 0)
        _ = try #require(try fixture.mask(pruner, block, compute: compute))
        let found = try #require(decision)
        #expect(found.selection.rows.isEmpty)
        let norms = try #require(fixture.norms[block])
        // Four positions, which are all that the history has.
        let scores = ChannelScore.ppspChannels(fixture.history.sums(block), norms)
        #expect(agree(found.scores, scores))
        #expect(try fixture.mask(fixture.pruner(configuration), block, compute: compute) == nil)
    }

    @Test("a fixed history stays what it was")
    func fixedHistory() throws {
        let fixture = PrunerFixture(seed: 4)
        var configuration = ProbeConfiguration(tokenRatio: 0.5, sampleRatio: 0.6)
        for use in ProbeConfiguration.HistoryUse.allCases {
            configuration.historyUse = use
            let pruner = fixture.pruner(configuration, history: fixture.history)
            let block = PrunableBlock.mlp(layer: 0)
            let mask = try #require(try fixture.mask(pruner, block, compute: compute))
            var pass = Activations(rowCount: fixture.layout.rowCount, width: mask.kept.count)
            pass.fill(2)
            pruner.observe(
                block,
                intermediate: pass,
                mask: mask,
                layout: fixture.layout,
                compute: compute
            )
            #expect((pruner.history == fixture.history) == (use == .fixed))
        }
    }
}
