import Testing

@testable import ProbeScheduler

@Suite("PruningGain")
struct PruningGainTests {
    private static func batch(tokens: Int = 64, ratio: Double = 0.4) -> Batch {
        Batch(
            phase: .prefill,
            maskClass: MaskClass(ratio: ratio, scope: .batch),
            chunks: [Batch.Chunk(id: RequestID(1), tokens: 0..<tokens, samples: true)]
        )
    }

    /// Runs batches, each as the gain chooses, and tells the choices.
    private static func run(
        _ gain: inout PruningGain,
        _ batch: Batch,
        count: Int,
        pruned: Double,
        dense: Double
    ) -> [PruningGain.Choice] {
        (0..<count).map { _ in
            let choice = gain.choose(batch)
            gain.record(
                batch,
                seconds: choice == .pruned ? pruned : dense,
                isPruned: choice == .pruned
            )
            return choice
        }
    }

    @Test("measures both ways, then takes the faster and only now and then the other")
    func takesFaster() {
        for (pruned, favourite, other) in [
            (0.5, PruningGain.Choice.pruned, PruningGain.Choice.trial),
            (2.0, PruningGain.Choice.dense, PruningGain.Choice.pruned),
        ] {
            var gain = PruningGain()
            let choices = Self.run(&gain, Self.batch(), count: 200, pruned: pruned, dense: 1)
            #expect(choices.prefix(4).allSatisfy { $0 == .pruned })
            #expect(choices[4..<8].allSatisfy { $0 == .trial })
            let later = choices.dropFirst(8)
            #expect(later.count { $0 == other } == 3)
            #expect(later.count { $0 == favourite } == later.count - 3)
        }
    }

    @Test("a time within the scatter of measurements is not slower")
    func margin() {
        var gain = PruningGain()
        let choices = Self.run(&gain, Self.batch(), count: 40, pruned: 1.02, dense: 1)
        #expect(choices.dropFirst(8).allSatisfy { $0 == .pruned })
    }

    @Test("stalls, which other work on the machine makes, do not turn the choice")
    func stalls() {
        var gain = PruningGain()
        let stalled = (0..<200).map { index in
            let choice = gain.choose(Self.batch())
            let seconds = (choice == .pruned ? 0.8 : 1) * (index % 3 == 0 ? 4 : 1)
            gain.record(Self.batch(), seconds: seconds, isPruned: choice == .pruned)
            return choice
        }
        #expect(!stalled.contains(.dense))
    }

    @Test("comes back to pruning when it pays again")
    func comesBack() {
        var gain = PruningGain()
        _ = Self.run(&gain, Self.batch(), count: 100, pruned: 2, dense: 1)
        let choices = Self.run(&gain, Self.batch(), count: 600, pruned: 0.5, dense: 1)
        #expect(choices.suffix(50).count { $0 == .pruned } >= 49)
    }

    @Test("sizes and ratios are apart; dense times serve every ratio of their size")
    func classes() {
        var gain = PruningGain()
        _ = Self.run(&gain, Self.batch(), count: 20, pruned: 2, dense: 1)
        #expect(gain.choose(Self.batch(tokens: 1_024)) == .pruned)
        let other = Self.batch(ratio: 0.2)
        #expect(
            Self.run(&gain, other, count: 3, pruned: 0.5, dense: 1) == [.pruned, .pruned, .pruned]
        )
    }

    @Test("a time that is no number changes nothing")
    func notFinite() {
        var gain = PruningGain()
        for _ in 0..<10 { gain.record(Self.batch(), seconds: .nan, isPruned: true) }
        #expect(Self.run(&gain, Self.batch(), count: 5, pruned: 1, dense: 1).last == .trial)
    }
}
