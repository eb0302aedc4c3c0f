import ProbeScheduler
import Testing

@Suite("ChannelMask")
struct ChannelMaskTests {
    @Test("keeps the channels with the largest scores, ascending")
    func keepsLargest() throws {
        let mask = try ChannelMask(keepingTop: 2, of: [0.1, 3, 0.2, 2])
        #expect(mask.kept == [1, 3])
        #expect(mask.channelCount == 4)
        #expect(!mask.keepsAll)
    }

    @Test("of equal scores the lower index is pruned first")
    func ties() throws {
        #expect(try ChannelMask(keepingTop: 2, of: [1, 1, 1, 1]).kept == [2, 3])
        #expect(try ChannelMask(keepingTop: 3, of: [1, 2, 1, 1]).kept == [1, 2, 3])
        #expect(try ChannelMask(keepingTop: 1, of: [0, -0.0]).kept == [1])
    }

    @Test("keeps all when asked to")
    func all() throws {
        let mask = try ChannelMask(keepingTop: 3, of: [3, 1, 2])
        #expect(mask.keepsAll)
        #expect(try mask == .all(3))
    }

    @Test("refuses a keep count outside 1...channels", arguments: [-1, 0, 4])
    func keepCount(count: Int) {
        let error = MaskError.keepCountOutOfRange(count, channels: 3)
        #expect(throws: error) { try ChannelMask(keepingTop: count, of: [1, 2, 3]) }
        #expect(error.description == "a mask keeps \(count) channels; expected 1 to 3")
    }

    @Test(
        "refuses a score that is not finite, and names the first",
        arguments: [Float.nan, .infinity, -.infinity]
    )
    func nonFinite(score: Float) {
        let error = MaskError.nonFiniteScore(channel: 1)
        #expect(throws: error) { try ChannelMask(keepingTop: 1, of: [1, score, score]) }
        #expect(error.description.hasPrefix("channel 1 has a score that is not finite"))
    }

    @Test(
        "refuses a list that is not ascending within the channels",
        arguments: [[1, 1], [2, 1], [-1, 2], [0, 4]] as [[Int32]]
    )
    func invalidList(kept: [Int32]) {
        let error = MaskError.invalidList(channels: 4)
        #expect(throws: error) { try ChannelMask(kept: kept, channelCount: 4) }
        #expect(error.description == "a kept list must ascend within 0..<4")
    }

    @Test("refuses an empty list")
    func emptyList() {
        #expect(throws: MaskError.keepCountOutOfRange(0, channels: 4)) {
            try ChannelMask(kept: [], channelCount: 4)
        }
        #expect(throws: MaskError.keepCountOutOfRange(0, channels: 0)) {
            try ChannelMask.all(0)
        }
    }

    @Test("the Jaccard index is the common share of what either keeps")
    func jaccard() throws {
        let mask = try ChannelMask(kept: [0, 1, 2], channelCount: 6)
        #expect(mask.jaccard(with: mask) == 1)
        #expect(mask.jaccard(with: try ChannelMask(kept: [2, 3], channelCount: 6)) == 0.25)
        #expect(mask.jaccard(with: try ChannelMask(kept: [4, 5], channelCount: 6)) == 0)
    }
}
