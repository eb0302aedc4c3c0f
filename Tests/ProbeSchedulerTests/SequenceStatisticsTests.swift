import Testing

@testable import ProbeScheduler

@Suite("SequenceStatistics")
struct SequenceStatisticsTests {
    private let shape = ModelShape.tiny(layers: 2)
    private let block = PrunableBlock.mlp(layer: 1)

    /// Statistics that know one block.
    private func statistics(_ means: [Float], tokens: Int) -> SequenceStatistics {
        var statistics = SequenceStatistics(shape: shape, tokenCount: tokens)
        let squares = means.map { $0 * Float(tokens) }
        statistics.set(
            block,
            squares: squares.span,
            rowCount: tokens,
            columns: nil,
            estimate: []
        )
        return statistics
    }

    @Test("know nothing at first")
    func empty() {
        let statistics = SequenceStatistics(shape: shape, tokenCount: 3)
        #expect(statistics.tokenCount == 3)
        #expect(shape.blocks.allSatisfy { statistics[$0].isEmpty })
    }

    @Test("kept columns are the sequence's own, pruned ones the estimate")
    func keptAndPruned() {
        var statistics = SequenceStatistics(shape: shape, tokenCount: 4)
        let squares: [Float] = [8, 2]
        statistics.set(
            block,
            squares: squares.span,
            rowCount: 4,
            columns: [1, 3],
            estimate: [10, 20, 30, 40]
        )
        #expect(statistics[block] == [10, 2, 30, 0.5])
    }

    @Test("a dense pass leaves no estimate in place, and no rows are no division by zero")
    func dense() {
        #expect(statistics([1, 2, 3, 4], tokens: 2)[block] == [1, 2, 3, 4])
        var statistics = SequenceStatistics(shape: shape, tokenCount: 0)
        let squares: [Float] = [0, 0, 0, 0]
        statistics.set(
            block,
            squares: squares.span,
            rowCount: 0,
            columns: nil,
            estimate: [9, 9, 9, 9]
        )
        #expect(statistics[block] == [0, 0, 0, 0])
    }

    @Test("a merge weights both sides by their tokens")
    func merge() {
        var past = statistics([4, 8, 0, 2], tokens: 3)
        past.merge(statistics([8, 0, 4, 2], tokens: 1))
        #expect(past[block] == [5, 6, 1, 2])
        #expect(past.tokenCount == 4)
    }

    @Test("the past counts for no more than the memory's limit")
    func mergeMemory() {
        var past = statistics([0, 0, 0, 0], tokens: 1000)
        past.merge(statistics([257, 0, 0, 0], tokens: 1))
        #expect(past[block] == [1, 0, 0, 0])
        #expect(past.tokenCount == 1001)
    }

    @Test("a block that one side does not know takes the other's")
    func mergeUnknown() {
        var unknown = SequenceStatistics(shape: shape, tokenCount: 2)
        let known = statistics([1, 2, 3, 4], tokens: 1)
        unknown.merge(known)
        #expect(unknown[block] == [1, 2, 3, 4])
        #expect(unknown.tokenCount == 3)
        var copy = known
        copy.merge(SequenceStatistics(shape: shape, tokenCount: 5))
        #expect(copy[block] == [1, 2, 3, 4])
        #expect(copy.tokenCount == 6)
    }
}
