import Kernels
import ProbeScheduler

@testable import Runtime

/// Runs passes of one sequence, and returns logits.
final class Passes {
    let network: CausalLM
    private let workspace: Workspace
    private var cache: KVCache
    private var report: ForwardReport
    private var position = 0

    private static let blockCount: Int32 = 10

    init(_ network: CausalLM) throws {
        self.network = network
        workspace = try network.makeWorkspace()
        report = ForwardReport(shape: network.shape)
        cache = try KVCache(
            layerCount: network.shape.layerCount,
            blockCount: Int(Self.blockCount),
            shape: network.shape
        )
    }

    /// Appends tokens to the sequence.
    ///
    /// - Parameters:
    ///   - tokens: What follows the tokens so far.
    ///   - pruner: How to prune.
    /// - Returns: Logits of each of the tokens.
    /// - Throws: `RuntimeError` when the pass fails.
    func run(_ tokens: [Int32], _ pruner: inout some Pruner) throws -> [[Float]] {
        let batch = ForwardBatch(
            tokens: tokens,
            layout: BatchLayout(lengths: [tokens.count], firstPositions: [position]),
            // Out of order, as a pool in use gives them.
            blockTables: [(0..<Self.blockCount).reversed()],
            blockSize: cache.blockSize
        )
        try network.forward(
            batch,
            cache: &cache,
            pruner: &pruner,
            workspace: workspace,
            report: &report
        )
        position += tokens.count
        var logits = Activations()
        network.logits(
            of: tokens.indices.map { Int32($0) },
            workspace: workspace,
            into: &logits,
            report: &report
        )
        return (0..<logits.rowCount).map { row in
            (0..<logits.width).map { logits.row(row)[$0] }
        }
    }
}
