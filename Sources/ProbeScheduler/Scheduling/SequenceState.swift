/// A request under way: its tokens, how many of them are computed, and the blocks that hold them.
public struct SequenceState: Sendable, Equatable {
    /// What was asked.
    public let request: Request
    /// With which sequences it may share a batch.
    public let maskClass: MaskClass
    /// Prompt and generated tokens.
    public private(set) var tokens: [Int32]
    /// Leading tokens whose keys and values are in the cache.
    public internal(set) var computedTokenCount = 0
    /// Cache blocks, in the order of positions.
    public internal(set) var blocks: [Int32] = []
    /// Place in the queue: the lower rank goes first.
    let rank: Rank
    /// The step that last ran any of its tokens.
    var lastStep = 0

    /// Arrival, moved forward by priority; unique.
    struct Rank: Sendable, Comparable {
        let virtualArrival: Int
        let arrival: Int

        static func < (left: Self, right: Self) -> Bool {
            (left.virtualArrival, left.arrival) < (right.virtualArrival, right.arrival)
        }
    }

    init(_ request: Request, maskClass: MaskClass, rank: Rank) {
        self.request = request
        self.maskClass = maskClass
        self.rank = rank
        tokens = request.promptTokens
    }

    /// Tokens generated so far.
    public var generatedTokens: ArraySlice<Int32> { tokens[request.promptTokens.count...] }

    /// Tokens still to be computed before the next one can be sampled.
    var pendingTokenCount: Int { tokens.count - computedTokenCount }

    /// Whether it holds its blocks to the end.
    ///
    /// A sequence with a mask of its own must not be computed again: its generated tokens would run
    /// under the masks of a prefill, and its answer would depend on who else wanted memory.
    var keepsBlocks: Bool { maskClass.scope == .sequence }

    mutating func append(_ token: Int32) {
        tokens.append(token)
    }
}
