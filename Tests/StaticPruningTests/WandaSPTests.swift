import ProbeScheduler
import StaticPruning
import Testing

@Suite("WandaSP")
struct WandaSPTests {
    @Test("keeps the channels with the largest √A · Σ|W|, in pruned layers only")
    func masks() throws {
        let shape = ModelShape(
            layerCount: 4,
            hiddenSize: 2,
            headCount: 2,
            kvHeadCount: 1,
            headDimension: 1,
            channelCount: 4
        )
        var norms: [PrunableBlock: ConsumerNorms] = [:]
        for block in shape.blocks {
            let width = shape.consumerWidth(block.kind)
            var norm = ConsumerNorms(channelCount: width)
            for channel in 0..<width {
                norm.measure(channel: channel, weights: [Float(channel + 1), -1].span)
            }
            norms[block] = norm
        }
        let policy = RatioPolicy(nominalRatio: 0.5, channelMultiple: 1, rescales: false)
        var history = ProbeHistory(shape: shape, positionCount: 2, policy: policy)
        // A = [100, 4, 1, 1] over two positions; scores √A · (k + 2) = [20, 6, 4, 5].
        history.replace(.mlp(layer: 3), with: [60, 4, 0, 1, 40, 0, 1, 0])
        history.replace(.attention(layer: 3), with: [1, 9, 3, 7])
        let method = WandaSP(shape: shape, norms: norms, policy: policy)
        let masks = try method.masks(history)
        #expect(masks[.mlp(layer: 3)]?.kept == [0, 1])
        #expect(masks[.attention(layer: 3)]?.kept == [1])
        #expect(masks.count == 2)
    }
}
