/// Which rows share one mask.
public enum MaskScope: String, Sendable, CaseIterable {
    /// One mask a batch, as the paper has it; an answer may depend on its neighbours.
    case batch
    /// A mask of its own for each sequence, so that an answer depends on nothing else.
    case sequence
}

/// The bounds of a scheduler, in vLLM's terms.
public struct SchedulerConfiguration: Sendable, Equatable {
    /// Sequences that run at once.
    public var maxNumSeqs: Int
    /// Tokens of one prefill step; longer prompts are prefilled in chunks.
    public var maxNumBatchedTokens: Int
    /// Most tokens of a sequence, prompt included.
    public var maxModelLength: Int
    /// Tokens a cache block holds.
    public var blockSize: Int
    /// Blocks of the cache.
    public var blockCount: Int
    /// Which rows share one mask, for requests that bring no class.
    public var maskScope: MaskScope

    /// Bounds; each is at least 1.
    ///
    /// The length is cut to what the whole cache can hold.
    public init(
        maxNumSeqs: Int,
        maxNumBatchedTokens: Int,
        maxModelLength: Int,
        blockSize: Int,
        blockCount: Int,
        maskScope: MaskScope
    ) {
        self.maxNumSeqs = maxNumSeqs
        self.maxNumBatchedTokens = maxNumBatchedTokens
        self.maxModelLength = min(maxModelLength, blockSize * blockCount)
        self.blockSize = blockSize
        self.blockCount = blockCount
        self.maskScope = maskScope
    }
}
