/// The channels that one block keeps for one batch; in attention a channel is a query head.
///
/// Probe Pruning (arXiv:2502.15618) scores every channel, keeps the best ones, and runs the whole
/// batch on those.
public struct ChannelMask: Sendable, Equatable {
    /// Kept channel indices: ascending, unique, each in `0..<channelCount`.
    public let kept: [Int32]

    /// Number of channels before pruning.
    public let channelCount: Int

    /// Keeps the `keepCount` channels with the largest score; of equal scores the higher index.
    ///
    /// Where scores are equal the lower index is pruned first (specification §12.13).
    ///
    /// - Parameters:
    ///   - keepCount: Channels to keep, in `1...scores.count`.
    ///   - scores: Shape `[channels]`, every entry finite.
    /// - Throws: `MaskError` when either argument is out of range.
    /// - Complexity: O(*n* log *n*) in the number of channels.
    public init(keepingTop keepCount: Int, of scores: [Float]) throws(MaskError) {
        guard keepCount >= 1, keepCount <= scores.count else {
            throw .keepCountOutOfRange(keepCount, channels: scores.count)
        }
        if let channel = scores.firstIndex(where: { !$0.isFinite }) {
            throw .nonFiniteScore(channel: channel)
        }
        let ranked = scores.indices.sorted { (scores[$0], $0) > (scores[$1], $1) }
        kept = ranked.prefix(keepCount).sorted().map(Int32.init)
        channelCount = scores.count
    }

    /// Keeps the listed channels.
    ///
    /// - Parameters:
    ///   - kept: Ascending, unique, each in `0..<channelCount`, at least one.
    ///   - channelCount: Channels before pruning.
    /// - Throws: `MaskError` when the list is empty, unordered or out of range.
    public init(kept: [Int32], channelCount: Int) throws(MaskError) {
        guard let last = kept.last, let first = kept.first else {
            throw .keepCountOutOfRange(0, channels: channelCount)
        }
        guard first >= 0, Int(last) < channelCount, zip(kept, kept.dropFirst()).allSatisfy(<) else {
            throw .invalidList(channels: channelCount)
        }
        self.kept = kept
        self.channelCount = channelCount
    }

    /// A mask that keeps every one of `channelCount` channels.
    public static func all(_ channelCount: Int) throws(MaskError) -> ChannelMask {
        try ChannelMask(kept: (0..<Int32(channelCount)).map(\.self), channelCount: channelCount)
    }

    /// Whether nothing is pruned.
    public var keepsAll: Bool { kept.count == channelCount }

    /// Share of channels that either mask keeps and both keep: |A ∩ B| ÷ |A ∪ B|.
    ///
    /// - Complexity: O(kept channels of both).
    public func jaccard(with other: ChannelMask) -> Double {
        var (index, common) = (0, 0)
        for channel in kept {
            while index < other.kept.count, other.kept[index] < channel { index += 1 }
            if index < other.kept.count, other.kept[index] == channel { common += 1 }
        }
        return Double(common) / Double(kept.count + other.kept.count - common)
    }
}
