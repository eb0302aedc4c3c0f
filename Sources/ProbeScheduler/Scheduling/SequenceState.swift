/// A request under way: its tokens, how many of them are computed, and the blocks that hold them.
public struct SequenceState: Sendable, Equatable {
    /// What was asked.
    public let request: Request
    /// Prompt and generated tokens.
    public private(set) var tokens: [Int32]
    /// Leading tokens whose keys and values are in the cache.
    public internal(set) var computedTokenCount = 0
    /// Cache blocks, in the order of positions.
    public internal(set) var blocks: [Int32] = []

    init(_ request: Request) {
        self.request = request
        tokens = request.promptTokens
    }

    /// Tokens generated so far.
    public var generatedTokens: ArraySlice<Int32> { tokens[request.promptTokens.count...] }

    /// Tokens still to be computed before the next one can be sampled.
    var pendingTokenCount: Int { tokens.count - computedTokenCount }

    mutating func append(_ token: Int32) {
        tokens.append(token)
    }
}
