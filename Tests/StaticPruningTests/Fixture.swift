import Kernels
import ProbeScheduler
import StaticPruning

/// Small shapes and made-up statistics.
enum Fixture {
    static func shape(
        layers: Int = 1,
        heads: Int = 2,
        headDimension: Int = 1,
        channels: Int = 4
    ) -> ModelShape {
        ModelShape(
            layerCount: layers,
            hiddenSize: 2,
            headCount: heads,
            kvHeadCount: 1,
            headDimension: headDimension,
            channelCount: channels
        )
    }

    /// Norms of consumers whose channel `k` has the weights `weights(k)`.
    static func norms(
        _ shape: ModelShape,
        weights: (Int) -> [Float] = { _ in [1, 0] }
    ) -> [PrunableBlock: ConsumerNorms] {
        var norms: [PrunableBlock: ConsumerNorms] = [:]
        for block in shape.blocks {
            let width = shape.consumerWidth(block.kind)
            var norm = ConsumerNorms(channelCount: width)
            for channel in 0..<width {
                norm.measure(channel: channel, weights: weights(channel).span)
            }
            norms[block] = norm
        }
        return norms
    }

    /// A history without positions of its own, whose moments have the given variances and means.
    static func history(
        _ shape: ModelShape,
        variances: (PrunableBlock) -> [Float],
        means: (PrunableBlock) -> [Float]
    ) -> ProbeHistory {
        let policy = RatioPolicy(nominalRatio: 0, skippedLayerCount: 0)
        var history = ProbeHistory(shape: shape, positionCount: 1, policy: policy)
        history.moments = shape.blocks.map { block in
            ChannelMoments(
                tokenCount: 2,
                sampleCount: 1,
                means: means(block),
                // Two tokens: the variance is the sum of squared deviations.
                deviations: variances(block),
                firstPositionCount: 0,
                firstPositionMeans: means(block),
                running: nil
            )
        }
        return history
    }
}
