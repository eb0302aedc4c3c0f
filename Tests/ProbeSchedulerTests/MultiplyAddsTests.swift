import ProbeScheduler
import Testing

@Suite("MultiplyAdds")
struct MultiplyAddsTests {
    private let shape = ModelShape.smolLM2

    /// One pass of the given layers over `rows` rows.
    private func pass(
        _ layers: Range<Int>,
        rows: Int,
        probeRows: Int = 0,
        ratio: Double = 0.4
    ) throws -> MultiplyAdds {
        let policy = RatioPolicy(nominalRatio: ratio)
        var count = MultiplyAdds()
        for layer in layers {
            let prunes = policy.prunes(layer: layer, of: shape)
            for kind in PrunableBlock.Kind.allCases {
                let width = kind == .attention ? shape.headCount : shape.channelCount
                let kept = (0..<Int32(policy.kept(kind, shape))).map(\.self)
                count.count(
                    kind,
                    shape: shape,
                    rows: rows,
                    mask: prunes ? try ChannelMask(kept: kept, channelCount: width) : nil,
                    probeRows: prunes ? probeRows : 0
                )
            }
        }
        return count
    }

    @Test("SmolLM2 at 0.4 runs 62.5 % of a pruned layer")
    func prunedLayer() throws {
        let count = try pass(3..<4, rows: 7)
        #expect(Double(count.executed) / Double(count.dense) == 0.625)
        #expect(count.probe == 0)
        #expect(count.realisedRatio == 0.625)
    }

    @Test("SmolLM2 at 0.4 runs 66.25 % of all layers")
    func allLayers() throws {
        let count = try pass(0..<30, rows: 7)
        #expect(count.realisedRatio == 0.6625)
    }

    @Test("SmolLM2 at 0.2 saves 15.9 % of all layers")
    func allLayersAtTwenty() throws {
        #expect(abs(1 - (try pass(0..<30, rows: 1, ratio: 0.2)).realisedRatio - 0.159) < 0.0005)
    }

    @Test("a probe of 2.5 % of the rows costs 1.64 % of a pruned layer")
    func probe() throws {
        let count = try pass(3..<4, rows: 20480, probeRows: 512)
        #expect(abs(count.probeRatio - 0.0164) < 0.00005)
        #expect(count.realisedRatio == 0.625 + count.probeRatio)
    }

    @Test("dense passes run everything, whatever is added up")
    func dense() throws {
        var count = try pass(0..<3, rows: 5)
        #expect(count.dense == 5 * 3 * (2 * 576 * 576 + 2 * 576 * 192 + 3 * 576 * 1536))
        #expect(count.realisedRatio == 1)
        let pruned = try pass(3..<4, rows: 5, probeRows: 2)
        let before = count
        count += pruned
        #expect(count.dense == before.dense + pruned.dense)
        #expect(count.executed == before.executed + pruned.executed)
        #expect(count.probe == pruned.probe)
    }

    @Test("an MLP without gate has two products, and its probe runs one")
    func withoutGate() throws {
        let shape = ModelShape(
            layerCount: 1,
            hiddenSize: 6,
            headCount: 2,
            kvHeadCount: 2,
            headDimension: 3,
            channelCount: 10,
            isGated: false
        )
        var count = MultiplyAdds()
        let mask = try ChannelMask(kept: [0, 4, 9], channelCount: 10)
        count.count(.mlp, shape: shape, rows: 7, mask: mask, probeRows: 5)
        #expect(count.dense == 7 * 2 * 6 * 10)
        #expect(count.executed == 7 * 2 * 6 * 3)
        #expect(count.probe == 5 * 6 * 10)
    }

    @Test("nothing run is a ratio of 1")
    func nothing() {
        #expect(MultiplyAdds().realisedRatio == 1)
        #expect(MultiplyAdds().probeRatio == 0)
    }
}
