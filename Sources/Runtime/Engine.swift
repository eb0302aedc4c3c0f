import Kernels
public import ProbeScheduler
import Tokenizers

/// Runs requests in batches: schedule, forward, sample, publish.
///
/// One thread owns an engine and all of its state.
public final class Engine {
    /// Work and time of all prefill steps.
    public private(set) var prefillReport: ForwardReport
    /// Work and time of all decode steps.
    public private(set) var decodeReport: ForwardReport
    /// Tokens that prefill steps ran.
    public private(set) var prefillTokenCount = 0
    /// Tokens that decode steps ran.
    public private(set) var decodeTokenCount = 0

    /// How much each block's mask changes from one probe to the next.
    public let stability = MaskStability()
    /// Members of the batch that runs or ran last; after `step` has thrown, those it failed.
    public private(set) var currentMembers: [RequestID] = []

    private let network: CausalLM
    private let tokenizer: Tokenizer
    private let endOfTextTokens: Set<Int32>
    private let pruning: EnginePruning
    private var probes: ProbeSet?
    private let seed: UInt64
    private var scheduler: Scheduler
    private var cache: KVCache
    private let workspace: Workspace
    private var logits = Activations()
    private var answers: [RequestID: Answer] = [:]
    private var decodeMasks = DecodeMasks()
    /// A static method's pruner with the biases that it has made.
    private var fixedPruner: StaticPruner?
    private var nonFiniteCount = 0

    /// Rows whose logits are computed at once when prompts are scored, to bound memory.
    private static let scoredRowCount = 32

    /// - Parameters:
    ///   - model: The model to run.
    ///   - pruning: How to prune.
    ///   - configuration: Bounds of a batch.
    ///   - seed: Seed of requests that bring none.
    /// - Throws: `RuntimeError` when memory cannot be mapped, or the model has fewer positions than
    ///   the configuration asks for.
    public init(
        model: LoadedModel,
        pruning: EnginePruning,
        configuration: SchedulerConfiguration,
        seed: UInt64 = 0
    ) throws(RuntimeError) {
        network = model.network
        tokenizer = model.tokenizer
        endOfTextTokens = model.endOfTextTokens
        self.pruning = pruning
        self.seed = seed
        scheduler = Scheduler(configuration)
        if case .probe(let pruner, let interval) = pruning {
            probes = ProbeSet(
                pruner,
                refreshInterval: interval,
                scope: configuration.maskScope,
                norms: network.norms,
                stability: stability
            )
        }
        if let limit = network.positionLimit, configuration.maxModelLength > limit {
            throw .positionOutOfRange(configuration.maxModelLength - 1, limit: limit)
        }
        prefillReport = ForwardReport(shape: network.shape)
        decodeReport = prefillReport
        do {
            cache = try network.makeCache(
                blockCount: configuration.blockCount,
                blockSize: configuration.blockSize
            )
            workspace = try network.makeWorkspace()
        } catch {
            throw .kernel(error)
        }
    }

    /// Whether any request is under way.
    public var hasWork: Bool { scheduler.hasWork }

    /// What the engine holds and has done.
    public var statistics: EngineStatistics {
        var statistics = EngineStatistics()
        statistics.waitingCount = scheduler.waitingCount
        statistics.runningCount = scheduler.runningIDs.count
        statistics.blockCount = scheduler.configuration.blockCount
        statistics.freeBlockCount = scheduler.freeBlockCount
        statistics.preemptionCount = scheduler.preemptionCount
        statistics.nonFiniteCount = nonFiniteCount
        statistics.prefillTokenCount = prefillTokenCount
        statistics.decodeTokenCount = decodeTokenCount
        return statistics
    }

    /// Whether a request holds cache blocks, and so has left the queue.
    public func isRunning(_ id: RequestID) -> Bool { scheduler[id]?.blocks.isEmpty == false }

    /// Puts a request in the queue.
    ///
    /// Only an engine with a probe has classes of its own choice; in others every request is of one.
    ///
    /// - Throws: `RuntimeError` when it could never run.
    public func add(_ request: Request) throws(RuntimeError) {
        var request = request
        request.maskClass = probes.map { request.maskClass ?? $0.defaultClass } ?? .dense
        let size = network.vocabularySize
        if let token = request.promptTokens.first(where: { $0 < 0 || $0 >= size }) {
            throw .tokenOutOfRange(token, vocabularySize: size)
        }
        do { try scheduler.add(request) } catch { throw .request(error) }
        answers[request.id] = Answer(
            request,
            tokenizer: tokenizer,
            endOfText: endOfTextTokens,
            seed: seed &+ UInt64(bitPattern: Int64(request.id.value))
        )
    }

    /// Ends a request and frees what it holds; unknown names are ignored.
    public func abort(_ id: RequestID) {
        forget(id)
    }

    /// Runs one batch and returns what it published.
    ///
    /// - Throws: `RuntimeError` when a mask cannot be made.
    public func step() throws(RuntimeError) -> [EngineOutput] {
        guard let batch = scheduler.schedule() else { return [] }
        currentMembers = batch.chunks.map(\.id)
        let layout = try forward(batch)
        let sampled = sample(batch, layout)
        scheduler.complete(batch, sampled: sampled)
        return publish(batch, sampled)
    }

    // MARK: - Forward

    private func forward(_ batch: Batch) throws(RuntimeError) -> BatchLayout {
        let sequences = batch.chunks.map { (chunk: $0, state: scheduler[$0.id]) }
        let layout = BatchLayout(
            lengths: batch.chunks.map(\.tokens.count),
            firstPositions: batch.chunks.map(\.tokens.lowerBound)
        )
        let input = ForwardBatch(
            tokens: sequences.flatMap { $0.state?.tokens[$0.chunk.tokens] ?? [] },
            layout: layout,
            blockTables: sequences.map { $0.state?.blocks ?? [] },
            blockSize: cache.blockSize
        )
        let report: ForwardReport
        do {
            report = try pruned(batch, input)
        } catch {
            // A probe that yields NaN costs this batch its speed, not its answers.
            guard case .mask = error else { throw error }
            nonFiniteCount += 1
            report = try run(input, DensePruner()).report
        }
        for chunk in batch.chunks {
            answers[chunk.id]?.work.add(
                rows: chunk.tokens.count,
                of: batch.tokenCount,
                report
            )
        }
        switch batch.phase {
        case .prefill:
            prefillTokenCount += batch.tokenCount
            prefillReport.merge(report)
        case .decode:
            decodeTokenCount += batch.tokenCount
            decodeReport.merge(report)
        }
        return layout
    }

    private func pruned(_ batch: Batch, _ input: ForwardBatch) throws(RuntimeError) -> ForwardReport
    {
        switch pruning {
        case .dense:
            return try run(input, DensePruner()).report
        case .fixed(let pruner):
            let (used, report) = try run(input, fixedPruner ?? pruner)
            fixedPruner = used
            return report
        case .probe:
            if batch.maskClass == .dense { return try run(input, DensePruner()).report }
            return batch.phase == .prefill ? try probe(batch, input) : try decode(batch, input)
        }
    }

    private func probe(_ batch: Batch, _ input: ForwardBatch) throws(RuntimeError) -> ForwardReport
    {
        guard let pruner = probes?.pruner(for: batch.maskClass) else {
            return try run(input, DensePruner()).report
        }
        let report = try run(input, pruner).report
        if let composer = probes?.composer(for: batch.maskClass) {
            decodeMasks.learn(batch, pruner.sequenceStatistics, composer: composer)
        }
        return report
    }

    private func decode(_ batch: Batch, _ input: ForwardBatch) throws(RuntimeError) -> ForwardReport
    {
        let members = batch.chunks.map(\.id)
        if decodeMasks.isRefreshDue(members, interval: probes?.refreshInterval) {
            let (pruner, report) = try run(input, StatisticsPruner(shape: network.shape))
            decodeMasks.refresh(members, pruner.sequenceStatistics)
            return report
        }
        let masks: [PrunableBlock: ChannelMask]
        do { masks = try decodeMasks.masks(for: batch) } catch { throw .mask(error, layer: 0) }
        return try run(input, StaticPruner(masks: masks)).report
    }

    /// One forward pass; returns the pruner as the pass left it, and what was run.
    private func run<P: Pruner>(
        _ input: ForwardBatch,
        _ pruner: P
    ) throws(RuntimeError) -> (pruner: P, report: ForwardReport) {
        var pruner = pruner
        var report = ForwardReport(shape: network.shape)
        try network.forward(
            input,
            cache: &cache,
            pruner: &pruner,
            workspace: workspace,
            report: &report
        )
        return (pruner, report)
    }

    // MARK: - Sample and publish

    private func sample(_ batch: Batch, _ layout: BatchLayout) -> [RequestID: Int32] {
        if batch.phase == .prefill { scorePrompts(batch, layout) }
        let sampling = zip(batch.chunks, layout.samples).filter { $0.0.samples }
        guard !sampling.isEmpty else { return [:] }
        let rows = sampling.map { Int32($0.1.rows.upperBound - 1) }
        switch batch.phase {
        case .prefill:
            network.logits(of: rows, workspace: workspace, into: &logits, report: &prefillReport)
        case .decode:
            network.logits(of: rows, workspace: workspace, into: &logits, report: &decodeReport)
        }
        var sampled: [RequestID: Int32] = [:]
        for (row, (chunk, _)) in sampling.enumerated() {
            guard let state = scheduler[chunk.id] else { continue }
            sampled[chunk.id] = answers[chunk.id]?.sample(logits.row(row), state)
        }
        return sampled
    }

    /// Scores the prompts' own tokens where a request asked for that, a few rows at a time.
    private func scorePrompts(_ batch: Batch, _ layout: BatchLayout) {
        for (chunk, sample) in zip(batch.chunks, layout.samples)
        where answers[chunk.id]?.scoresPrompt == true {
            let rows = Array(sample.rows)
            for start in stride(from: 0, to: rows.count, by: Self.scoredRowCount) {
                let slice = rows[start..<min(start + Self.scoredRowCount, rows.count)]
                network.logits(
                    of: slice.map { Int32($0) },
                    workspace: workspace,
                    into: &logits,
                    report: &prefillReport
                )
                for (index, _) in slice.enumerated() {
                    answers[chunk.id]?.scorePrompt(
                        logits.row(index),
                        at: chunk.tokens.lowerBound + start + index
                    )
                }
            }
        }
    }

    private func publish(_ batch: Batch, _ sampled: [RequestID: Int32]) -> [EngineOutput] {
        batch.chunks.compactMap { chunk in
            guard let token = sampled[chunk.id], let state = scheduler[chunk.id] else { return nil }
            let isFull = state.tokens.count >= scheduler.configuration.maxModelLength
            let output = answers[chunk.id]?.append(token, state, isContextFull: isFull)
            if output?.finishReason != nil { forget(chunk.id) }
            return output
        }
    }

    private func forget(_ id: RequestID) {
        scheduler.finish(id)
        answers[id] = nil
        decodeMasks.forget(id)
    }
}
