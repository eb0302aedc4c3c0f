import Kernels
import Testing

@testable import ProbeScheduler

@Suite("ChannelMoments")
struct ChannelMomentsTests {
    private let compute: Compute

    init() throws {
        compute = try Compute(threadCount: 1)
    }

    private func sums(_ values: [Float], lengths: [Int], width: Int = 1) -> BatchSums {
        BatchSums(
            Activations(values, width: width),
            layout: BatchLayout(lengths: lengths),
            compute: compute
        )
    }

    @Test("mean, variance, mean square and first positions of two samples")
    func moments() {
        var moments = ChannelMoments(width: 2)
        moments.add(sums([1, 0, 3, 0, 5, 0, 7, 4], lengths: [2, 2], width: 2))
        #expect(moments.tokenCount == 4)
        #expect(moments.sampleCount == 2)
        #expect(moments.means == [4, 1])
        #expect(agree(moments.variances, [20.0 / 3, 4]))
        #expect(moments.meanSquares == [21, 4])
        #expect(moments.firstPositionMeans == [3, 0])
        #expect(moments.laterMeans == [5, 2])
    }

    @Test(
        "FLAP's released recursion: the first sample adds nothing, the new mean stands for the old"
    )
    func released() {
        // Samples of one token, 1, 3, 8: means 1, 2, 4.
        // F_2 = (3 − 2)² / 2 = 0.5; F_3 = 0.5 · 1/2 + (8 − 4)² / 3 = 0.25 + 16/3.
        var moments = ChannelMoments(width: 1)
        moments.add(sums([1, 3], lengths: [1, 1]))
        moments.add(sums([8], lengths: [1]))
        #expect(agree(moments.running?.released ?? [], [0.25 + 16.0 / 3]))
        #expect(moments.running?.sampleMeans == [4])
    }

    @Test("the re-implementation's recursion, with its mean as it is and corrected")
    func reimplemented() {
        // Batches [1, 3] and [5, 7]: batch means 2 and 6.
        // As it is: μ = 2/2 = 1, then (1·2 + 6)/4 = 2; F = Σ (x − 2)(x − 1) / 4 = (12 + 30)/4.
        // Corrected: μ = 2, then 4; F = Σ (x − 4)(x − 2) / 4 = (3 + 15)/4.
        var moments = ChannelMoments(width: 1)
        moments.add(sums([1, 3], lengths: [1, 1]))
        #expect(moments.running?.reimplemented == [0])
        #expect(moments.running?.corrected == [0])
        moments.add(sums([5, 7], lengths: [1, 1]))
        #expect(agree(moments.running?.reimplemented ?? [], [10.5]))
        #expect(moments.running?.reimplementedMeans == [2])
        #expect(agree(moments.running?.corrected ?? [], [4.5]))
        // A third batch [2, 2]: F = 4.5 · 3/5 + Σ (2 − 10/3)(2 − 4) / 6.
        moments.add(sums([2, 2], lengths: [1, 1]))
        #expect(agree(moments.running?.corrected ?? [], [2.7 + 8.0 / 9]))
    }

    @Test("two halves merged equal the whole; what depends on the order is gone")
    func merge() {
        var generator = SeededGenerator(seed: 11)
        let values = (0..<120).map { _ in Float.random(in: -3...5, using: &generator) }
        var whole = ChannelMoments(width: 3)
        var first = whole
        var second = whole
        whole.add(sums(Array(values.prefix(60)), lengths: [12, 8], width: 3))
        whole.add(sums(Array(values.suffix(60)), lengths: [5, 15], width: 3))
        first.add(sums(Array(values.prefix(60)), lengths: [12, 8], width: 3))
        second.add(sums(Array(values.suffix(60)), lengths: [5, 15], width: 3))
        first.merge(second)
        #expect(first.tokenCount == whole.tokenCount)
        #expect(first.sampleCount == whole.sampleCount)
        #expect(first.firstPositionCount == whole.firstPositionCount)
        #expect(agree(first.means, whole.means))
        #expect(agree(first.deviations, whole.deviations))
        #expect(agree(first.firstPositionMeans, whole.firstPositionMeans))
        #expect(first.running == nil)
        #expect(whole.running != nil)
    }

    @Test("merging with nothing changes nothing")
    func mergeNothing() {
        var moments = ChannelMoments(width: 1)
        moments.add(sums([2, 4], lengths: [2]))
        let before = (moments.means, moments.deviations)
        moments.merge(ChannelMoments(width: 1))
        #expect(moments.means == before.0)
        #expect(moments.deviations == before.1)
        var empty = ChannelMoments(width: 1)
        empty.merge(ChannelMoments(width: 1))
        #expect(empty.tokenCount == 0)
        #expect(empty.variances == [0])
    }

    @Test("one token has no variance")
    func oneToken() {
        var moments = ChannelMoments(width: 1)
        moments.add(sums([3], lengths: [1]))
        #expect(moments.means == [3])
        #expect(moments.variances == [0])
        #expect(moments.laterMeans == [3])
    }
}
