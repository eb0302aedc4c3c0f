public import ProbeScheduler
public import Runtime

extension CausalLM {
    /// One pass over whole prompts with an empty cache.
    ///
    /// - Parameters:
    ///   - prompts: Tokens of each sequence.
    ///   - pruner: Gives the masks.
    /// - Returns: The workspace as the pass leaves it: `normed` are the states after the final norm.
    /// - Throws: What the pass throws.
    public func pass(
        over prompts: [[Int32]],
        pruner: inout some Pruner
    ) throws -> Workspace {
        let workspace = try makeWorkspace()
        var cache = try makeCache(blockCount: 64)
        var report = ForwardReport(shape: shape)
        try forward(
            ForwardBatch(
                tokens: prompts.flatMap(\.self),
                layout: BatchLayout(lengths: prompts.map(\.count)),
                blockSize: cache.blockSize
            ),
            cache: &cache,
            pruner: &pruner,
            workspace: workspace,
            report: &report
        )
        return workspace
    }
}
