import Kernels
import ProbeScheduler
import Runtime

/// Texts of one length that run through a model piece by piece, with a KV cache of their own.
struct TextSequences: ~Copyable {
    private let texts: [[Int32]]
    private let model: CausalLM
    private let workspace: Workspace
    private let blockTables: [[Int32]]
    private var cache: KVCache
    /// Position after the last one that has run.
    private var end = 0
    private var logits = Activations()
    private var normalisers: [Float] = []

    private init(
        _ texts: [[Int32]],
        model: CausalLM,
        workspace: Workspace,
        blockTables: [[Int32]],
        cache: consuming KVCache
    ) {
        self.texts = texts
        self.model = model
        self.workspace = workspace
        self.blockTables = blockTables
        self.cache = cache
    }

    /// Texts of which nothing has run.
    ///
    /// - Parameters:
    ///   - texts: At least one.
    ///   - length: Tokens of each.
    ///   - model: The model.
    /// - Returns: Texts at position 0.
    /// - Throws: `RuntimeError` when memory cannot be mapped.
    static func start(
        _ texts: [[Int32]],
        length: Int,
        model: CausalLM
    ) throws(RuntimeError) -> TextSequences {
        let blocks = (length + KVCache.defaultBlockSize - 1) / KVCache.defaultBlockSize
        do {
            return TextSequences(
                texts,
                model: model,
                workspace: try model.makeWorkspace(),
                blockTables: texts.indices.map { text in
                    (0..<blocks).map { Int32(text * blocks + $0) }
                },
                cache: try model.makeCache(blockCount: texts.count * blocks)
            )
        } catch {
            throw .kernel(error)
        }
    }

    /// Runs every text's tokens at the given positions, which follow those that have run.
    mutating func run(
        _ positions: Range<Int>,
        _ pruner: inout any Pruner,
        report: inout ForwardReport
    ) throws(RuntimeError) {
        precondition(positions.lowerBound == end, "positions follow each other")
        let batch = ForwardBatch(
            tokens: texts.flatMap { $0[positions] },
            layout: BatchLayout(
                lengths: texts.map { _ in positions.count },
                firstPositions: texts.map { _ in positions.lowerBound }
            ),
            blockTables: blockTables,
            blockSize: cache.blockSize
        )
        try model.forward(
            batch,
            cache: &cache,
            pruner: &pruner,
            workspace: workspace,
            report: &report
        )
        end = positions.upperBound
    }

    /// Negative log-likelihood, in nats, of each text's next token after a step of one token each.
    mutating func likelihoods(report: inout ForwardReport) -> [Double] {
        let rows = texts.indices.map(Int32.init)
        model.logits(of: rows, workspace: workspace, into: &logits, report: &report)
        model.compute.logSumExp(logits, into: &normalisers)
        return texts.indices.map { text in
            Double(normalisers[text]) - Double(logits.row(text)[Int(texts[text][end])])
        }
    }
}
