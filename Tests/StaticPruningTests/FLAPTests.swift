import ProbeScheduler
import StaticPruning
import Testing

@Suite("FLAP")
struct FLAPTests {
    private func plan(_ history: ProbeHistory, ratio: Double) throws -> StaticPlan {
        try StaticMethod.flap.plan(
            shape: history.shape,
            norms: Fixture.norms(history.shape),
            ratio: ratio,
            preset: .paper,
            history: history
        )
    }

    @Test("blocks compete: the one whose scores stand out less loses more")
    func allocation() throws {
        // Layer 0's channels standardise to −0.5, −0.5, −0.5, 1.5; layer 1's to
        // −1.162, −0.387, 0.387, 1.162; the heads (one channel each) to −0.707 and 0.707.
        let shape = Fixture.shape(layers: 2)
        let history = Fixture.history(
            shape,
            variances: { block in
                switch (block.kind, block.layer) {
                case (.attention, _): [1, 3]
                case (.mlp, 0): [1, 1, 1, 5]
                case (.mlp, _): [1, 2, 3, 4]
                }
            },
            means: { block in
                [Float](repeating: 7, count: shape.consumerWidth(block.kind))
            }
        )
        // A head costs 2/3 of a channel: 8 + 4 · 2/3 = 10.67 in all. In order of score: −1.162 (1),
        // −0.707 twice (2.33), −0.5 thrice (5.33). Half is 5.33.
        let plan = try plan(history, ratio: 0.5)
        #expect(plan.masks[.mlp(layer: 0)]?.kept == [3])
        #expect(plan.masks[.mlp(layer: 1)]?.kept == [1, 2, 3])
        #expect(plan.masks[.attention(layer: 0)]?.kept == [1])
        #expect(plan.masks[.attention(layer: 1)]?.kept == [1])
        #expect(plan.expectedInputs[.mlp(layer: 0)]?.means == [7, 7, 7, 7])
        #expect(plan.expectedInputs.count == 4)
    }

    @Test("the cut lies where the removed cost is nearest to the budget")
    func nearest() throws {
        let shape = Fixture.shape(heads: 1)
        let history = Fixture.history(shape, variances: { $0.kind == .mlp ? [1, 2, 3, 4] : [1] }) {
            $0.kind == .mlp ? [0, 0, 0, 0] : [0]
        }
        // Costs 1 a channel and 0.67 the head, whose score is 0: the budgets 0.3 and 0.12 of 4.67
        // are 1.4 and 0.56 channels, both nearest to one.
        for ratio in [0.3, 0.12] {
            let masks = try plan(history, ratio: ratio).masks
            #expect(masks[.mlp(layer: 0)]?.kept == [1, 2, 3])
            #expect(masks[.attention(layer: 0)]?.kept == [0])
        }
        #expect(try plan(history, ratio: 0.1).masks[.mlp(layer: 0)]?.keepsAll == true)
    }

    @Test("where all scores are equal every block keeps at least one unit")
    func allEqual() throws {
        let shape = Fixture.shape()
        let history = Fixture.history(
            shape,
            variances: { [Float](repeating: 2, count: shape.consumerWidth($0.kind)) },
            means: { [Float](repeating: 0, count: shape.consumerWidth($0.kind)) }
        )
        let masks = try plan(history, ratio: 0.5).masks
        #expect(masks[.mlp(layer: 0)]?.kept == [3])
        #expect(masks[.attention(layer: 0)]?.kept == [1])
    }

    @Test("a variance that is not a number is an error that names the block")
    func notANumber() {
        let shape = Fixture.shape()
        let history = Fixture.history(
            shape,
            variances: { $0.kind == .mlp ? [1, .nan, 1, 1] : [1, 1] },
            means: { [Float](repeating: 0, count: shape.consumerWidth($0.kind)) }
        )
        #expect(
            throws: StaticPruningError.mask(.nonFiniteScore(channel: 1), layer: 0, kind: .mlp)
        ) { try plan(history, ratio: 0.5) }
    }
}
