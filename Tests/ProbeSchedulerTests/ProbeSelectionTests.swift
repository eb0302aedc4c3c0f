import Kernels
import TestSupport
import Testing

@testable import ProbeScheduler

@Suite("ProbeSelection")
struct ProbeSelectionTests {
    private func select(
        _ norms: [Float],
        _ lengths: [Int],
        firstPositions: [Int]? = nil,
        tokens: Double = 0.5,
        samples: Double = 1,
        order: ProbeSelection.Order = .tokensFirst
    ) -> ProbeSelection {
        ProbeSelection(
            squaredNorms: norms,
            layout: BatchLayout(lengths: lengths, firstPositions: firstPositions),
            tokenRatio: tokens,
            sampleRatio: samples,
            order: order
        )
    }

    @Test("positions are ranked over all samples, then samples over those positions")
    func ranking() {
        // Sums by position: 10, 3, 6, 4, so 0 and 2 win; there the samples have 7 and 9.
        let found = select([6, 2, 1, 4, 4, 1, 5, 0], [4, 4], samples: 0.5)
        #expect(found.positions == [0, 2])
        #expect(found.samples == [1])
        #expect(found.rows == [4, 6])
        #expect(found.rowPositionIndex == [0, 1])
        #expect(found.sampleRowCounts == [2])
    }

    @Test("samples are ranked over all positions, then positions over those samples")
    func samplesFirst() {
        // The samples have 13 and 10, so the first wins; its largest positions are 0 and 3.
        let found = select([6, 2, 1, 4, 4, 1, 5, 0], [4, 4], samples: 0.5, order: .samplesFirst)
        #expect(found.samples == [0])
        #expect(found.positions == [0, 3])
        #expect(found.rows == [0, 3])
        // A long sample that is not chosen lends no positions.
        let ragged = select([9, 9, 1, 1, 1, 1, 1], [2, 5], samples: 0.5, order: .samplesFirst)
        #expect(ragged.positions == [0, 1])
        #expect(ragged.rows == [0, 1])
    }

    @Test("of equal norms the lower position and the lower sample win")
    func ties() {
        let found = select([Float](repeating: 1, count: 12), [4, 4, 4], samples: 0.5)
        #expect(found.positions == [0, 1])
        #expect(found.samples == [0, 1])
        #expect(found.rows == [0, 1, 4, 5])
    }

    @Test("the smallest position gives way to the first of the sequence, up to ten positions")
    func sinkRule() {
        let rising = (0..<20).map(Float.init)
        #expect(select(rising, [20]).positions == [0] + Array(11..<20))
        let more = (0..<22).map(Float.init)
        #expect(select(more, [22]).positions == Array(11..<22))
    }

    @Test("no first position is forced in where no sample has one")
    func sinkRuleLaterChunk() {
        let found = select([1, 2, 3, 4], [4], firstPositions: [8])
        #expect(found.positions == [10, 11])
        #expect(found.rows == [2, 3])
    }

    @Test("an empty sample does not bring the first position in")
    func sinkRuleEmptySample() {
        let found = select([1, 2, 3, 4], [0, 4], firstPositions: [0, 8])
        #expect(found.positions == [10, 11])
        #expect(found.samples == [1])
    }

    @Test("a ragged batch gives only rows that exist")
    func ragged() {
        // Positions 2 and 3 exist in the second sample only.
        let found = select([1, 1, 1, 1, 9, 9], [2, 4], tokens: 0.75)
        #expect(found.positions == [0, 2, 3])
        #expect(found.samples == [0, 1])
        #expect(found.rows == [0, 2, 4, 5])
        #expect(found.rowPositionIndex == [0, 0, 1, 2])
        #expect(found.sampleRowCounts == [1, 3])
    }

    @Test("a sample without any chosen position is never the probe")
    func noEmptyProbe() {
        let found = select(
            [9, 9, 1, 1],
            [2, 2],
            firstPositions: [4, 20],
            tokens: 0.5,
            samples: 1
        )
        #expect(found.positions == [4, 5])
        #expect(found.samples == [0])
        #expect(found.sampleRowCounts == [2])
    }

    @Test("a batch with a gap in its positions ranks only those that occur")
    func gap() {
        let found = select(
            [1, 2, 3, 4],
            [2, 2],
            firstPositions: [100, 300],
            tokens: 0.5,
            samples: 0.5
        )
        #expect(found.positions == [300, 301])
        #expect(found.rows == [2, 3])
    }

    @Test("a single token is the probe", arguments: [0, 7])
    func singleToken(position: Int) {
        let found = select([3], [1], firstPositions: [position], samples: 0.05)
        #expect(found.positions == [position])
        #expect(found.samples == [0])
        #expect(found.rows == [0])
    }

    @Test("a single sample is the probe's sample, with at least two positions")
    func singleSample() {
        let found = select([5, 1, 4, 2], [4], tokens: 0.05, samples: 0.05)
        #expect(found.samples == [0])
        #expect(found.positions == [0, 2])
    }

    @Test(
        "a share is rounded up, but not by a rounding error",
        arguments: [(0.05, 20, 1), (0.05, 21, 2), (0.07, 100, 7), (0.1, 30, 3), (1, 6, 6)]
    )
    func shares(ratio: Double, samples: Int, expected: Int) {
        let norms = [Float](repeating: 1, count: samples)
        let lengths = [Int](repeating: 1, count: samples)
        #expect(select(norms, lengths, samples: ratio).samples.count == expected)
    }

    @Test("a share of positions is rounded up, but not by a rounding error")
    func tokenShares() {
        let norms = [Float](repeating: 1, count: 100)
        #expect(select(norms, [100], tokens: 0.07).positions.count == 7)
        #expect(select(norms, [100], tokens: 0.071).positions.count == 8)
        #expect(select(norms, [100], tokens: 1).rows == (0..<100).map(Int32.init))
    }
}

@Suite(
    "ProbeSelection, golden",
    .enabled(if: SharedFolder.isAvailable, SharedFolder.absence)
)
struct ProbeSelectionGoldenTests {
    @Test("chooses the published implementation's rows", arguments: ["a", "b", "c"])
    func rows(name: String) throws {
        let golden = try #require(try GoldenCase.named(name))
        let found = ProbeSelection(
            squaredNorms: golden.squaredNorms,
            layout: golden.layout,
            tokenRatio: golden.tokenRatio,
            sampleRatio: golden.sampleRatio
        )
        #expect(found.positions == golden.tokens)
        #expect(found.samples == golden.samples)
        let rows = golden.samples.flatMap { sample in
            golden.tokens.map { Int32(sample * golden.length + $0) }
        }
        #expect(found.rows == rows)
    }
}
