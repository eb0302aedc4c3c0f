import Testing

@testable import ProbeScheduler

@Suite("SequenceStatistics")
struct SequenceStatisticsTests {
    private let shape = ModelShape.tiny(layers: 2)
    private let block = PrunableBlock.mlp(layer: 1)

    /// Statistics that know one block.
    private func statistics(_ means: [Float], tokens: Int) -> SequenceStatistics {
        var statistics = SequenceStatistics(shape: shape, tokenCount: tokens)
        statistics.set(block, ChannelAverages(meanSquares: means, means: means.map { -$0 }))
        return statistics
    }

    @Test("know nothing at first")
    func empty() {
        let statistics = SequenceStatistics(shape: shape, tokenCount: 3)
        #expect(statistics.tokenCount == 3)
        #expect(shape.blocks.allSatisfy { statistics[$0] == nil })
    }

    @Test("sums over rows replace the channels that they are of")
    func replacement() {
        var averages = ChannelAverages(meanSquares: [10, 20, 30, 40], means: [1, 2, 3, 4])
        let (squares, sums): ([Float], [Float]) = ([8, 2], [-4, 1])
        averages.replaceMeanSquares([1, 3], bySums: squares.span, rowCount: 4)
        averages.replaceMeans([1, 3], bySums: sums.span, rowCount: 4)
        #expect(
            averages
                == ChannelAverages(meanSquares: [10, 2, 30, 0.5], means: [1, -1, 3, 0.25])
        )
    }

    @Test("a merge weights both sides by their tokens")
    func merge() {
        var past = statistics([4, 8, 0, 2], tokens: 3)
        past.merge(statistics([8, 0, 4, 2], tokens: 1))
        #expect(past[block]?.meanSquares == [5, 6, 1, 2])
        #expect(past[block]?.means == [-5, -6, -1, -2])
        #expect(past.tokenCount == 4)
    }

    @Test("the past counts for no more than the memory's limit")
    func mergeMemory() {
        var past = statistics([0, 0, 0, 0], tokens: 1000)
        past.merge(statistics([257, 0, 0, 0], tokens: 1))
        #expect(past[block]?.meanSquares == [1, 0, 0, 0])
        #expect(past.tokenCount == 1001)
    }

    @Test("statistics of no token change nothing")
    func mergeNothing() {
        var past = statistics([1, 2, 3, 4], tokens: 2)
        let before = past
        past.merge(SequenceStatistics(shape: shape, tokenCount: 0))
        #expect(past == before)
    }

    @Test("a block that one side does not know takes the other's")
    func mergeUnknown() {
        var unknown = SequenceStatistics(shape: shape, tokenCount: 2)
        let known = statistics([1, 2, 3, 4], tokens: 1)
        unknown.merge(known)
        #expect(unknown[block]?.meanSquares == [1, 2, 3, 4])
        #expect(unknown.tokenCount == 3)
        var copy = known
        copy.merge(SequenceStatistics(shape: shape, tokenCount: 5))
        #expect(copy[block]?.meanSquares == [1, 2, 3, 4])
        #expect(copy.tokenCount == 6)
    }
}
