import Kernels
import Testing

@testable import ProbeScheduler

@Suite("ProbeHistory")
struct ProbeHistoryTests {
    private let shape = ModelShape.tiny(heads: 1, headDimension: 2, channels: 3)
    private let policy = RatioPolicy(nominalRatio: 0.4)
    private let block = PrunableBlock.mlp(layer: 0)

    private func empty(positions: Int = 3) -> ProbeHistory {
        ProbeHistory(shape: shape, positionCount: positions, policy: policy)
    }

    @Test("covers the layers that the policy may prune, at their consumers' widths")
    func coverage() {
        let shape = ModelShape.tiny(layers: 5)
        let history = ProbeHistory(shape: shape, positionCount: 2, policy: policy)
        let covered = shape.blocks.filter { history.covers($0) }
        #expect(covered.map(\.index) == [6, 7, 8, 9])
        #expect(covered == covered.sorted())
        #expect(history[.attention(layer: 2)].isEmpty)
        #expect(history[.attention(layer: 3)] == [Float](repeating: 0, count: 8))
    }

    @Test("is the running mean over the samples of ragged batches, position by position")
    func runningMean() {
        var history = empty()
        // Two samples at position 0, one at position 1; then one at all three.
        history.accumulate(
            block,
            squares: Activations([6, 2, 4, 3, 5, 7], width: 3),
            counts: [2, 1]
        )
        history.countSamples([2, 1])
        #expect(history.sampleCounts == [2, 1, 0])
        #expect(history[block] == [3, 1, 2, 3, 5, 7, 0, 0, 0])
        history.accumulate(
            block,
            squares: Activations([9, 4, 2, 5, 5, 1, 8, 4, 2], width: 3),
            counts: [1, 1, 1]
        )
        history.countSamples([1, 1, 1])
        #expect(history.sampleCounts == [3, 2, 1])
        #expect(agree(history[block], [5, 2, 2, 4, 5, 4, 8, 4, 2]))
    }

    @Test("a position that no sample of the batch has keeps its mean")
    func absentPosition() {
        var history = empty()
        history.accumulate(
            block,
            squares: Activations([1, 2, 3, 4, 5, 6], width: 3),
            counts: [1, 1]
        )
        history.countSamples([1, 1])
        history.accumulate(
            block,
            squares: Activations([0, 0, 0, 2, 1, 0], width: 3),
            counts: [0, 1]
        )
        history.countSamples([0, 1])
        #expect(history[block] == [1, 2, 3, 3, 3, 3, 0, 0, 0])
        #expect(history.sampleCounts == [1, 2, 0])
    }

    @Test("the moving average touches the kept columns alone")
    func movingAverage() {
        var history = empty()
        history.replace(block, with: [1, 2, 3, 4, 5, 6, 7, 8, 9])
        history.update(
            block,
            squares: Activations([4, 8, 10, 20, 1, 1], width: 2),
            counts: [2, 1, 0],
            columns: [0, 2],
            momentum: 0.75
        )
        #expect(agree(history[block], [1.25, 2, 3.25, 5.5, 5, 9.5, 7, 8, 9]))
        #expect(history.sampleCounts == [0, 0, 0])
    }

    @Test("a dense batch moves every column")
    func movingAverageDense() {
        var history = empty(positions: 1)
        history.replace(block, with: [1, 2, 3])
        history.update(
            block,
            squares: Activations([3, 0, 3], width: 3),
            counts: [1],
            columns: nil,
            momentum: 0.5
        )
        #expect(history[block] == [2, 1, 3])
    }

    @Test("positions beyond the kept ones change nothing")
    func beyondUpdates() {
        var history = empty(positions: 1)
        let squares: [Float] = [2, 4, 6, 9, 9, 9]
        history.accumulate(block, squares: Activations(squares, width: 3), counts: [2, 1])
        history.countSamples([2, 1])
        #expect(history[block] == [1, 2, 3])
        #expect(history.sampleCounts == [2])
        history.update(
            block,
            squares: Activations(squares, width: 3),
            counts: [2, 1],
            columns: nil,
            momentum: 0.5
        )
        #expect(history[block] == [1, 2, 3])
    }

    @Test("positions beyond the kept ones read the mean over all positions")
    func beyondReads() {
        var history = empty(positions: 2)
        history.replace(block, with: [1, 2, 3, 3, 6, 5])
        #expect(history.sums(block) == [4, 8, 8])
        #expect(history.means(block) == [2, 4, 4])
        var rows = Activations()
        history.copyRows(of: block, positions: [1, 2, 90], into: &rows)
        #expect(rows.values == [3, 6, 5, 2, 4, 4, 2, 4, 4])
        history.copyRows(of: block, positions: [0], into: &rows)
        #expect(rows.values == [1, 2, 3])
    }

    @Test("a block that is not covered is ignored")
    func uncovered() {
        let shape = ModelShape.tiny(layers: 4)
        var history = ProbeHistory(shape: shape, positionCount: 1, policy: policy)
        let before = history
        history.accumulate(
            .mlp(layer: 0),
            squares: Activations([1, 1, 1, 1], width: 4),
            counts: [1]
        )
        history.update(
            .mlp(layer: 0),
            squares: Activations([1, 1, 1, 1], width: 4),
            counts: [1],
            columns: nil,
            momentum: 0.5
        )
        #expect(history == before)
    }

    @Test("a history read from a file replaces statistics and counts")
    func replacement() {
        var history = empty(positions: 1)
        history.replace(.attention(layer: 0), with: [7, 8])
        history.replaceSampleCounts([5])
        #expect(history[.attention(layer: 0)] == [7, 8])
        #expect(history[block] == [0, 0, 0])
        #expect(history.sampleCounts == [5])
    }
}
