import ProbeScheduler
import StaticPruning
import Testing

@Suite("StaticMethod")
struct StaticMethodTests {
    private let shape = Fixture.shape(channels: 4)

    private func plan(
        _ method: StaticMethod,
        _ preset: StaticPreset = .paper,
        ratio: Double = 0.5,
        norms: [PrunableBlock: ConsumerNorms]? = nil,
        history: ProbeHistory? = nil
    ) throws -> StaticPlan {
        try method.plan(
            shape: history?.shape ?? shape,
            norms: norms ?? Fixture.norms(history?.shape ?? shape),
            ratio: ratio,
            preset: preset,
            history: history
        )
    }

    @Test("magnitude keeps the columns with the largest Euclidean norm, without statistics")
    func magnitude() throws {
        // Norms 5, √18 ≈ 4.24, 4, 1: absolute sums would rank 7, 6, 4, 1 alike, fourth powers not.
        let weights: [[Float]] = [[3, 3], [3, 4], [0, 1], [4, 0]]
        let plan = try plan(.magnitude, norms: Fixture.norms(shape) { weights[$0] })
        #expect(plan.masks[.mlp(layer: 0)]?.kept == [0, 1])
        #expect(plan.masks[.attention(layer: 0)]?.kept == [1])
        #expect(plan.expectedInputs.isEmpty)
    }

    @Test("a ratio of 0 removes nothing", arguments: StaticMethod.allCases)
    func nothing(method: StaticMethod) throws {
        #expect(try plan(method, ratio: 0).masks.isEmpty)
    }

    @Test("without statistics only magnitude decides", arguments: StaticMethod.allCases)
    func noHistory(method: StaticMethod) throws {
        guard method != .magnitude else { return }
        #expect(throws: StaticPruningError.noHistory(method)) { try plan(method) }
    }

    @Test("statistics without moments cannot serve layers that the history skips")
    func noMoments() {
        let large = Fixture.shape(layers: 4)
        let history = ProbeHistory(
            shape: large,
            positionCount: 1,
            policy: RatioPolicy(nominalRatio: 0.5)
        )
        for method in [StaticMethod.wandaSP, .flap, .ppsp] {
            #expect(throws: StaticPruningError.noMoments(method, .paper)) {
                try plan(method, history: history)
            }
        }
        #expect(throws: Never.self) { try plan(.wandaSP, .pp, history: history) }
    }

    @Test("presets that depend on the order refuse merged statistics")
    func merged() {
        let history = Fixture.history(shape, variances: { _ in [1, 2, 3, 4] }) { _ in [0, 0, 0, 0] }
        for preset in [StaticPreset.released, .pp, .ppCorrected] {
            #expect(throws: StaticPruningError.merged(preset)) {
                try plan(.flap, preset, history: history)
            }
        }
    }

    @Test("equal scores remove the lower index first", arguments: [StaticMethod.magnitude])
    func ties(method: StaticMethod) throws {
        #expect(try plan(method).masks[.mlp(layer: 0)]?.kept == [2, 3])
        #expect(try plan(method).masks[.attention(layer: 0)]?.kept == [1])
    }

    @Test("one head and one channel stay, whatever the ratio", arguments: StaticMethod.allCases)
    func lastUnit(method: StaticMethod) throws {
        let tiny = Fixture.shape(heads: 1, channels: 1)
        let history = Fixture.history(tiny, variances: { _ in [1] }) { _ in [0] }
        let masks = try plan(method, ratio: 0.99, history: history).masks
        #expect(masks[.attention(layer: 0)]?.kept == [0])
        #expect(masks[.mlp(layer: 0)]?.kept == [0])
    }

    @Test("a weight that is not a number is an error that names the block")
    func notANumber() {
        let norms = Fixture.norms(shape) { $0 == 1 ? [.nan, 0] : [1, 0] }
        #expect(
            throws: StaticPruningError.mask(
                .nonFiniteScore(channel: 1),
                layer: 0,
                kind: .attention
            )
        ) { try plan(.magnitude, norms: norms) }
    }
}
