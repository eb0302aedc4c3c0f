import ProbeScheduler
import TestSupport
import Testing

@Suite("RatioPolicy")
struct RatioPolicyTests {
    @Test(
        "SmolLM2 keeps what the published implementation keeps",
        arguments: [(0.2, 0.22, 8, 1216), (0.4, 0.44, 6, 896)]
    )
    func smolLM2(nominal: Double, ratio: Double, heads: Int, channels: Int) {
        let policy = RatioPolicy(nominalRatio: nominal)
        #expect(policy.layerRatio(.smolLM2) == ratio)
        #expect(policy.keptHeads(.smolLM2) == heads)
        #expect(policy.keptChannels(.smolLM2) == channels)
        #expect(policy.kept(.attention, .smolLM2) == heads)
        #expect(policy.kept(.mlp, .smolLM2) == channels)
    }

    @Test("the first three layers are neither pruned nor covered")
    func skippedLayers() {
        let policy = RatioPolicy(nominalRatio: 0.4)
        let layers = 0..<30
        #expect(layers.filter { policy.prunes(layer: $0, of: .smolLM2) } == Array(3..<30))
        #expect(layers.filter { policy.covers(layer: $0, of: .smolLM2) } == Array(3..<30))
    }

    @Test("a ratio of 0 prunes no layer, but statistics are still kept")
    func ratioZero() {
        let policy = RatioPolicy(nominalRatio: 0)
        #expect(!(0..<30).contains { policy.prunes(layer: $0, of: .smolLM2) })
        #expect(policy.covers(layer: 3, of: .smolLM2))
        #expect(policy.keptHeads(.smolLM2) == 9)
        #expect(policy.keptChannels(.smolLM2) == 1536)
    }

    @Test("rounding to a multiple never asks for more channels than there are")
    func smallWidth() {
        let shape = ModelShape.tiny(layers: 30, heads: 4, headDimension: 16, channels: 172)
        #expect(RatioPolicy(nominalRatio: 0.2).keptChannels(shape) == 172)
        #expect(RatioPolicy(nominalRatio: 0.4).keptChannels(shape) == 128)
        #expect(RatioPolicy(nominalRatio: 0.2, channelMultiple: 1).keptChannels(shape) == 135)
    }

    @Test("a model of up to three layers skips none", arguments: 1...3)
    func tinyModels(layers: Int) {
        let shape = ModelShape.tiny(layers: layers, heads: 4, headDimension: 2, channels: 256)
        let policy = RatioPolicy(nominalRatio: 0.5)
        #expect((0..<layers).allSatisfy { policy.prunes(layer: $0, of: shape) })
        #expect(policy.layerRatio(shape) == 0.5)
        #expect(policy.keptHeads(shape) == 2)
        #expect(policy.keptChannels(shape) == 128)
    }

    @Test("four layers put the whole ratio on the last, and something is always kept")
    func fourLayers() {
        let shape = ModelShape.tiny(layers: 4, heads: 3, headDimension: 2, channels: 64)
        let policy = RatioPolicy(nominalRatio: 0.5)
        #expect(policy.layerRatio(shape) == 0.99)
        #expect(policy.keptHeads(shape) == 1)
        #expect(policy.keptChannels(shape) == 64)
        var single = policy
        single.channelMultiple = 1
        #expect(single.keptChannels(shape) == 1)
    }

    @Test("without rescaling the nominal ratio holds in every pruned layer")
    func noRescaling() {
        let policy = RatioPolicy(nominalRatio: 0.25, rescales: false)
        #expect(policy.layerRatio(.smolLM2) == 0.25)
        #expect(policy.keptHeads(.smolLM2) == 7)
        #expect(policy.keptChannels(.smolLM2) == 1152)
    }

    @Test("a product that misses a whole number by rounding error counts as that number")
    func roundingError() {
        // 0.29 · 100 = 28.999999999999996
        let shape = ModelShape.tiny(heads: 100, headDimension: 1, channels: 100)
        let policy = RatioPolicy(nominalRatio: 0.29, channelMultiple: 1)
        #expect(policy.keptHeads(shape) == 71)
        #expect(policy.keptChannels(shape) == 71)
    }

    @Test(
        "keeps as many as the golden cases do",
        .enabled(if: SharedFolder.isAvailable, SharedFolder.absence),
        arguments: ["a", "b", "c"]
    )
    func golden(name: String) throws {
        let golden = try #require(try GoldenCase.named(name))
        let policy = RatioPolicy(
            nominalRatio: golden.ppsp.ratio,
            channelMultiple: golden.multiple
        )
        #expect(policy.keptHeads(golden.shape) == golden.ppsp.headsKept.count)
        #expect(policy.keptChannels(golden.shape) == golden.ppsp.channelsKept.count)
    }
}
