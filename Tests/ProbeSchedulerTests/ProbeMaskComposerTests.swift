import Testing

@testable import ProbeScheduler

@Suite("ProbeMaskComposer")
struct ProbeMaskComposerTests {
    private let shape = ModelShape.tiny()
    private let policy = RatioPolicy(nominalRatio: 0.5, channelMultiple: 1)
    private let attention = PrunableBlock.attention(layer: 0)
    private let mlp = PrunableBlock.mlp(layer: 0)

    /// Norms that make scores and activations the same.
    private var norms: [PrunableBlock: ConsumerNorms] {
        let unit = ConsumerNorms(weights: [1, 1, 1, 1], inputs: 4)
        return [attention: unit, mlp: unit]
    }

    private func composer(history: ProbeHistory? = nil) -> ProbeMaskComposer {
        ProbeMaskComposer(shape: shape, policy: policy, norms: norms, history: history)
    }

    /// A member that knows the given mean squares.
    private func member(_ means: [PrunableBlock: [Float]]) -> SequenceStatistics {
        var statistics = SequenceStatistics(shape: shape, tokenCount: 1)
        for (block, means) in means {
            statistics.set(block, ChannelAverages(meanSquares: means))
        }
        return statistics
    }

    @Test("keeps what the mean of the members rates highest")
    func mean() throws {
        let members = [
            member([attention: [3, 0, 1, 1], mlp: [8, 0, 1, 5]]),
            member([attention: [0, 0, 4, 4], mlp: [0, 7, 1, 0]]),
        ]
        let masks = try composer().pruner(for: members).masks
        #expect(masks[attention]?.kept == [1])
        // Means 4, 3.5, 1, 2.5.
        #expect(masks[mlp]?.kept == [0, 1])
        let alone = try composer().pruner(for: [members[0]]).masks
        #expect(alone[attention]?.kept == [0])
        #expect(alone[mlp]?.kept == [0, 3])
    }

    @Test("the order of members does not matter")
    func order() throws {
        var generator = SeededGenerator(seed: 6)
        let members = (0..<4).map { _ in
            member([mlp: generator.floats(4).map { $0 * $0 }])
        }
        let composer = composer()
        let reversed = try composer.pruner(for: members.reversed()).masks
        #expect(try composer.pruner(for: members).masks == reversed)
    }

    @Test("the history's mean over positions enters by the paper's rule")
    func history() throws {
        var history = ProbeHistory(shape: shape, positionCount: 2, policy: policy)
        // Means 0, 4, 3, 0; fused with 2.5, 0, 3, 1: 2.5, 4, 3, 1.
        history.replace(mlp, with: [0, 8, 2, 0, 0, 0, 4, 0])
        let members = [member([mlp: [2.5, 0, 3, 1]])]
        #expect(try composer(history: history).pruner(for: members).masks[mlp]?.kept == [1, 2])
        #expect(try composer().pruner(for: members).masks[mlp]?.kept == [0, 2])
    }

    @Test("without members, or without statistics of a block, there is no mask")
    func unknown() throws {
        #expect(try composer().pruner(for: []).masks.isEmpty)
        let masks = try composer().pruner(for: [member([:]), member([mlp: [1, 2, 3, 4]])]).masks
        #expect(Set(masks.keys) == [mlp])
        #expect(masks[mlp]?.kept == [2, 3])
    }

    @Test("blocks that the policy does not prune, or without norms, have no mask")
    func dense() throws {
        let members = [member([attention: [1, 2, 3, 4], mlp: [1, 2, 3, 4]])]
        let off = ProbeMaskComposer(
            shape: shape,
            policy: RatioPolicy(nominalRatio: 0),
            norms: norms,
            history: nil
        )
        #expect(try off.pruner(for: members).masks.isEmpty)
        let bare = ProbeMaskComposer(shape: shape, policy: policy, norms: [:], history: nil)
        #expect(try bare.pruner(for: members).masks.isEmpty)
    }

    @Test("statistics that are not finite are refused")
    func nonFinite() {
        #expect(throws: MaskError.nonFiniteScore(channel: 2)) {
            try composer().pruner(for: [member([mlp: [1, 2, .nan, 4]])])
        }
    }
}
