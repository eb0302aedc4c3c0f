import ProbeScheduler
import TestSupport
import Testing

@Suite("ChannelScore")
struct ChannelScoreTests {
    /// Weights `[2 outputs, 4 inputs]`.
    private let norms = ConsumerNorms(weights: [1, 2, 0, -3, 1, -1, 2, 0], inputs: 4)
    private let activations: [Float] = [4, 9, 1, 0.25]

    @Test("a channel's norms run over the consumer's outputs")
    func consumerNorms() {
        #expect(norms.fourthPowerSums == [2, 17, 16, 81])
        #expect(norms.absoluteSums == [2, 3, 2, 3])
        #expect(norms.squareSums == [2, 5, 4, 9])
    }

    @Test("PPsp of a channel is A · √ΣW⁴")
    func ppspChannels() {
        let expected = [4 * Float(2).squareRoot(), 9 * Float(17).squareRoot(), 4, 2.25]
        #expect(agree(ChannelScore.ppspChannels(activations, norms), expected))
    }

    @Test("PPsp of a head is √(Σ A² · ΣW⁴) over its channels")
    func ppspHeads() {
        let found = ChannelScore.ppspHeads(activations, norms, headDimension: 2)
        let first: Float = 16 * 2 + 81 * 17
        let second: Float = 1 * 16 + 0.0625 * 81
        #expect(agree(found, [first.squareRoot(), second.squareRoot()]))
    }

    @Test("Wanda-sp of a channel is √A · Σ|W|, of a head the sum over its channels")
    func wanda() {
        let channels = ChannelScore.wandaChannels(activations, norms)
        #expect(agree(channels, [4, 9, 2, 1.5]))
        #expect(agree(ChannelScore.heads(channels, headDimension: 2), [13, 3.5]))
    }

    @Test("activations that are not finite give scores that are not")
    func nonFinite() {
        let found = ChannelScore.ppspChannels([.nan, .infinity, 1, 1], norms)
        #expect(found.map(\.isFinite) == [false, false, true, true])
        let heads = ChannelScore.ppspHeads([1, 1, .nan, 1], norms, headDimension: 2)
        #expect(heads.map(\.isFinite) == [true, false])
    }
}

@Suite(
    "ChannelScore, golden",
    .enabled(if: SharedFolder.isAvailable, SharedFolder.absence)
)
struct ChannelScoreGoldenTests {
    @Test("PPsp agrees with the published implementation", arguments: ["a", "b", "c"])
    func ppsp(name: String) throws {
        let golden = try #require(try GoldenCase.named(name))
        let channels = ChannelScore.ppspChannels(golden.activations, golden.norms)
        #expect(agree(channels, golden.ppsp.mlp))
        let heads = ChannelScore.ppspHeads(
            golden.activations,
            golden.norms,
            headDimension: golden.width / golden.heads
        )
        #expect(agree(heads, golden.ppsp.attention))
        let keptHeads = golden.ppsp.headsKept
        #expect(try ChannelMask(keepingTop: keptHeads.count, of: heads).kept == keptHeads)
        let kept = golden.ppsp.channelsKept
        #expect(try ChannelMask(keepingTop: kept.count, of: channels).kept == kept)
    }

    @Test("Wanda-sp agrees with the published implementation", arguments: ["a", "b", "c"])
    func wanda(name: String) throws {
        let golden = try #require(try GoldenCase.named(name))
        let channels = ChannelScore.wandaChannels(golden.activations, golden.norms)
        #expect(agree(channels, golden.wanda.mlp))
        // The reference lists attention by channel, before it adds up the heads.
        #expect(agree(channels, golden.wanda.attention))
        let heads = ChannelScore.heads(channels, headDimension: golden.width / golden.heads)
        let keptHeads = golden.wanda.headsKept
        #expect(try ChannelMask(keepingTop: keptHeads.count, of: heads).kept == keptHeads)
        let kept = golden.wanda.channelsKept
        #expect(try ChannelMask(keepingTop: kept.count, of: channels).kept == kept)
    }
}
