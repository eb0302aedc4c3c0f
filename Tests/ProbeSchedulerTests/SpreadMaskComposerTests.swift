import Kernels
import Testing

@testable import ProbeScheduler

@Suite("SpreadMaskComposer")
struct SpreadMaskComposerTests {
    /// One head, which always stays, and four channels, of which two go.
    private let shape = ModelShape.tiny(heads: 1, headDimension: 1, channels: 4)
    private let mlp = PrunableBlock.mlp(layer: 0)

    private func pruner(
        history: ProbeHistory? = nil,
        collecting: Bool = true
    ) -> SpreadProbePruner {
        SpreadProbePruner(
            shape: shape,
            norms: [mlp: ConsumerNorms(weights: [1, 1, 1, 1], inputs: 4)],
            policy: policy,
            configuration: ProbeConfiguration(
                tokenRatio: 1,
                sampleRatio: 1,
                collectsSequenceStatistics: collecting
            ),
            history: history
        )
    }

    private var policy: RatioPolicy {
        RatioPolicy(
            nominalRatio: 0.5,
            skippedLayerCount: 0,
            channelMultiple: 1,
            rescales: false
        )
    }

    /// A member of so many tokens that knows the MLP's averages.
    private func member(_ squares: [Float], _ means: [Float], tokens: Int) -> SequenceStatistics {
        var statistics = SequenceStatistics(shape: shape, tokenCount: tokens)
        statistics.set(mlp, ChannelAverages(meanSquares: squares, means: means))
        return statistics
    }

    @Test("keeps what deviates most from the members' mean, which comes back for the others")
    func deviations() throws {
        let composer = pruner().makeDecodeComposer()
        // Channel 0 is always 10; channel 3 is 2 in one member and −2 in the other.
        let members = [
            member([100, 4, 1, 4], [10, 0, 0, 2], tokens: 3),
            member([100, 4, 1, 4], [10, 0, 0, -2], tokens: 5),
        ]
        let found = try composer.pruner(for: members)
        #expect(found.masks[mlp]?.kept == [1, 3])
        #expect(found.expectedInputs[mlp] == ExpectedInput(means: [10, 0, 0, 0]))
        // Alone, the second never moves in channel 3.
        let alone = try composer.pruner(for: [members[1]])
        #expect(alone.masks[mlp]?.kept == [1, 2])
    }

    @Test("calibration counts as 128 rows, and a member as 256 at most")
    func trust() throws {
        var calibration = CalibrationPruner(shape: shape, positionCount: 2, policy: policy)
        // After the first position channels 0 and 1 are 3, the others move by 1 around 0.
        let rows: [[Float]] = [[0, 0, 0, 0], [3, 3, 1, 1], [0, 0, 0, 0], [3, 3, -1, -1]]
        for block in shape.blocks {
            calibration.observe(
                block,
                intermediate: block.kind == .mlp
                    ? Activations(rows.flatMap(\.self), width: 4)
                    : Activations([1, 1, 1, 1], width: 1),
                mask: nil,
                layout: BatchLayout(lengths: [2, 2]),
                compute: try Compute(threadCount: 1)
            )
        }
        calibration.finishBatch()
        let composer = pruner(history: calibration.history).makeDecodeComposer()
        for tokens in [128, 1000] {
            let share = Float(min(tokens, 256)) / Float(min(tokens, 256) + 128)
            let found = try composer.pruner(
                for: [member([0, 1, 0, 0], [0, 0, 0, 0], tokens: tokens)]
            )
            let means = try #require(found.expectedInputs[mlp]).means
            #expect(agree(means, [3 - 3 * share, 3 - 3 * share, 0, 0]))
            // Deviations of 0 and 1 from the moved mean, against variances of 1 that lose weight.
            #expect(found.masks[mlp]?.kept == [0, 1])
        }
    }

    @Test("statistics of a batch: its own later rows where kept, what scored the mask where not")
    func statistics() throws {
        let compute = try Compute(threadCount: 1)
        let pruner = pruner()
        // Channel 0 is constant after the first position; channels 2 and 3 move most.
        let rows: [[Float]] = [[9, 9, 9, 9], [5, 1, 4, 4], [5, -1, -4, 2], [5, 0, 0, -6]]
        let input = Activations([1, 1, 1, 1], width: 1)
        let mask = try #require(
            try pruner.mask(
                for: mlp,
                squaredNorms: [1, 1, 1, 1],
                normedSquaredNorms: { [] },
                layout: BatchLayout(lengths: [4]),
                compute: compute
            ) { selection, states in
                states = Activations(selection.rows.flatMap { rows[Int($0)] }, width: 4)
            }
        )
        #expect(mask.kept == [2, 3])
        pruner.observe(
            mlp,
            intermediate: Activations(rows.flatMap { $0.suffix(2) }, width: 2),
            mask: mask,
            layout: BatchLayout(lengths: [4]),
            compute: compute
        )
        pruner.finishBatch()
        let found = try #require(pruner.sequenceStatistics.first)
        #expect(found.tokenCount == 3)
        let averages = try #require(found[mlp])
        #expect(agree(averages.means, [5, 0, 0, 0]))
        // What moves by 2/3 in later rows, and not at the first position, which is a quarter.
        #expect(agree(averages.meanSquares, [25, 0.5, 32 / 3, 56 / 3]))
        // Composed of itself, the mask is the prefill's.
        let composed = try pruner.makeDecodeComposer().pruner(for: [found])
        #expect(composed.masks[mlp] == mask)
    }

    @Test("without members, or at ratio 0, nothing is removed")
    func nothing() throws {
        let pruner = pruner()
        #expect(try pruner.makeDecodeComposer().pruner(for: []).masks.isEmpty)
        let one = member([1, 2, 3, 4], [0, 0, 0, 0], tokens: 1)
        #expect(try pruner.makeDecodeComposer().pruner(for: [one]).masks.count == 1)
        pruner.policy.nominalRatio = 0
        #expect(try pruner.makeDecodeComposer().pruner(for: [one]).masks.isEmpty)
    }

    @Test("statistics that are not finite are refused")
    func nonFinite() {
        let broken = member([1, .nan, 3, 4], [0, 0, 0, 0], tokens: 1)
        #expect(throws: MaskError.nonFiniteScore(channel: 1)) {
            try pruner().makeDecodeComposer().pruner(for: [broken])
        }
    }
}
