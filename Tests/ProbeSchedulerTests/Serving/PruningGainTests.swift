import Testing

@testable import ProbeScheduler

@Suite("PruningGain")
struct PruningGainTests {
    private static func batch(tokens: Int = 64, ratio: Double = 0.4, sequences: Int = 1) -> Batch {
        let each = tokens / sequences
        return Batch(
            phase: .prefill,
            maskClass: MaskClass(ratio: ratio, scope: .batch),
            chunks: (1...sequences).map {
                Batch.Chunk(id: RequestID($0), tokens: 0..<each, samples: true)
            }
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

    /// What the first batches of a class run as, when every pair says the same.
    private static let firstTrial = Array(
        repeating: [PruningGain.Choice.pruned, .trial],
        count: PruningGain.clearLead
    ).flatMap(\.self)

    @Test("runs both ways in turn, then takes the faster, and later tries again")
    func takesFaster() {
        let second = Self.firstTrial.count + PruningGain.trialInterval - 1
        for (pruned, favourite) in [(0.5, PruningGain.Choice.pruned), (2.0, .dense)] {
            var gain = PruningGain()
            let choices = Self.run(&gain, Self.batch(), count: 400, pruned: pruned, dense: 1)
            #expect(choices.starts(with: Self.firstTrial))
            #expect(choices[Self.firstTrial.count..<second].allSatisfy { $0 == favourite })
            #expect(choices[second...].starts(with: Self.firstTrial))
            let last = choices.dropFirst(second + Self.firstTrial.count)
            #expect(!last.isEmpty && last.allSatisfy { $0 == favourite })
        }
    }

    @Test("a time within the scatter of measurements is not slower")
    func margin() {
        var gain = PruningGain()
        let choices = Self.run(&gain, Self.batch(), count: 40, pruned: 1.02, dense: 1)
        #expect(choices.dropFirst(Self.firstTrial.count).allSatisfy { $0 == .pruned })
    }

    @Test("a machine that slows down, or gets faster, does not turn the choice")
    func drift() {
        for speed in [1.02, 0.98] {
            var (gain, scale) = (PruningGain(), 1.0)
            for index in 0..<600 {
                let choice = gain.choose(Self.batch())
                #expect(choice != .dense, "batch \(index) at \(speed)")
                let seconds = (choice == .pruned ? 0.8 : 1) * scale
                gain.record(Self.batch(), seconds: seconds, isPruned: choice == .pruned)
                scale *= speed
            }
        }
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

    @Test("pairs that disagree make the trial longer, and the greater part of them decides")
    func longTrial() {
        for wonPairs in 0...PruningGain.pairCount {
            var gain = PruningGain()
            // Won and lost pairs in turn while both are left, so that no lead is clear before the end.
            var (won, lost) = (wonPairs, PruningGain.pairCount - wonPairs)
            var (trials, lead) = (0, 0)
            while trials < PruningGain.pairCount, abs(lead) < PruningGain.clearLead {
                let wins = won > 0 && (lead <= 0 || lost == 0)
                if wins {
                    (won, lead) = (won - 1, lead + 1)
                } else {
                    (lost, lead) = (lost - 1, lead - 1)
                }
                for expected in [PruningGain.Choice.pruned, .trial] {
                    #expect(gain.choose(Self.batch()) == expected)
                    let seconds = expected == .trial ? 1 : (wins ? 0.8 : 1.2)
                    gain.record(Self.batch(), seconds: seconds, isPruned: expected == .pruned)
                }
                trials += 1
            }
            #expect(gain.choose(Self.batch()) == (lead > 0 ? .pruned : .dense), "\(wonPairs) won")
        }
    }

    @Test("comes back to pruning when it pays again")
    func comesBack() {
        var gain = PruningGain()
        _ = Self.run(&gain, Self.batch(), count: 200, pruned: 2, dense: 1)
        let choices = Self.run(&gain, Self.batch(), count: 200, pruned: 0.5, dense: 1)
        #expect(choices.suffix(50).allSatisfy { $0 == .pruned })
    }

    @Test("sizes, numbers of sequences and ratios are apart")
    func classes() {
        var gain = PruningGain()
        _ = Self.run(&gain, Self.batch(), count: 20, pruned: 2, dense: 1)
        #expect(gain.choose(Self.batch()) == .dense)
        for other in [
            Self.batch(tokens: 1_024), Self.batch(ratio: 0.2), Self.batch(tokens: 64, sequences: 4),
        ] {
            let choices = Self.run(
                &gain,
                other,
                count: Self.firstTrial.count,
                pruned: 0.5,
                dense: 1
            )
            #expect(choices == Self.firstTrial)
        }
    }

    @Test("a time that is no number, or of a batch never chosen for, changes nothing")
    func notFinite() {
        var gain = PruningGain()
        gain.record(Self.batch(), seconds: 1, isPruned: true)
        for _ in 0..<10 {
            _ = gain.choose(Self.batch())
            gain.record(Self.batch(), seconds: .nan, isPruned: true)
        }
        let choices = Self.run(
            &gain,
            Self.batch(),
            count: Self.firstTrial.count,
            pruned: 1,
            dense: 1
        )
        #expect(choices == Self.firstTrial)
    }
}
