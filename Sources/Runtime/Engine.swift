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
    private let safeguards: PruningSafeguards
    private var gain = PruningGain()
    private var audit: ShadowAudit
    private var divergence: DivergenceMonitor
    private var fallbackCounts: [DenseFallback: Int] = [:]
    private var stepCount = 0

    /// Rows whose logits are computed at once when prompts are scored, to bound memory.
    private static let scoredRowCount = 32

    /// - Parameters:
    ///   - model: The model to run.
    ///   - pruning: How to prune.
    ///   - configuration: Bounds of a batch.
    ///   - seed: Seed of requests that bring none.
    ///   - safeguards: What it does beyond pruning as asked.
    /// - Throws: `RuntimeError` when memory cannot be mapped, or the model has fewer positions than
    ///   the configuration asks for.
    public init(
        model: LoadedModel,
        pruning: EnginePruning,
        configuration: SchedulerConfiguration,
        seed: UInt64 = 0,
        safeguards: PruningSafeguards = PruningSafeguards()
    ) throws(RuntimeError) {
        network = model.network
        tokenizer = model.tokenizer
        endOfTextTokens = model.endOfTextTokens
        self.pruning = pruning
        self.seed = seed
        self.safeguards = safeguards
        audit = ShadowAudit(rate: safeguards.shadowRate, seed: seed)
        divergence = DivergenceMonitor(limit: safeguards.maxDivergence)
        scheduler = Scheduler(configuration)
        if case .probe(let pruner, let interval) = pruning {
            probes = ProbeSet(
                pruner,
                refreshInterval: interval,
                scope: configuration.maskScope,
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

    /// Called after each layer of a step, which says that a long step goes on.
    public var onLayer: (() -> Void)? {
        get { workspace.onLayer }
        set { workspace.onLayer = newValue }
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
        statistics.fallbackCounts = fallbackCounts
        statistics.divergence = divergence
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
        audit.consider(request)
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

    /// Whether an answer waits to be scored again.
    public var hasAudit: Bool { audit.hasFinished }

    /// Begins to score one answer again, densely; for when there is no other work.
    public func startAudit() {
        guard let request = audit.next() else { return }
        // It fitted when it was served, so it fits now; if not, its divergence stays unknown.
        do { try add(request) } catch { audit.forget(request.id) }
    }

    /// Runs one batch and returns what it published.
    ///
    /// - Throws: `RuntimeError` when a mask cannot be made.
    public func step() throws(RuntimeError) -> [EngineOutput] {
        guard let batch = scheduler.schedule() else { return [] }
        currentMembers = batch.chunks.map(\.id)
        let rows = try forward(batch)
        let sampled = sample(batch, rows)
        scheduler.complete(batch, sampled: sampled)
        return publish(batch, sampled)
    }

    // MARK: - Forward

    private func forward(_ batch: Batch) throws(RuntimeError) -> LogitRows {
        let sequences = batch.chunks.map { (chunk: $0, state: scheduler[$0.id]) }
        let layout = BatchLayout(
            lengths: batch.chunks.map(\.tokens.count),
            firstPositions: batch.chunks.map(\.tokens.lowerBound)
        )
        let rows = LogitRows(batch, layout) { chunk in
            answers[chunk.id]?.scoresPrompt == true
                ? chunk.tokens : audit.positions(of: chunk.id).clamped(to: chunk.tokens)
        }
        let input = ForwardBatch(
            tokens: sequences.flatMap { $0.state?.tokens[$0.chunk.tokens] ?? [] },
            layout: layout,
            blockTables: sequences.map { $0.state?.blocks ?? [] },
            blockSize: cache.blockSize,
            outputRows: rows.rows
        )
        let (report, fallback) = try runSafely(batch, input)
        for chunk in batch.chunks {
            answers[chunk.id]?.work.add(
                rows: chunk.tokens.count,
                of: batch.tokenCount,
                report,
                fallback: fallback
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
        return rows
    }

    /// Runs a batch as it asks, or densely where a safeguard says so.
    private func runSafely(
        _ batch: Batch,
        _ input: ForwardBatch
    ) throws(RuntimeError) -> (report: ForwardReport, fallback: DenseFallback?) {
        stepCount += 1
        let asksPruning = probes != nil && batch.maskClass != .dense
        var fallback: DenseFallback?
        if asksPruning, divergence.isBreached {
            fallback = .divergence
        } else if asksPruning, isTimed(batch) {
            switch gain.choose(batch) {
            case .pruned: break
            case .dense: fallback = .slower
            case .trial: fallback = .trial
            }
        }
        let start = ContinuousClock.now
        let report: ForwardReport
        do {
            try safeguards.fault?.strike(
                step: stepCount,
                tokenCount: batch.tokenCount,
                isPruned: asksPruning && fallback == nil
            )
            report = fallback == nil ? try pruned(batch, input) : try dense(batch, input)
        } catch {
            // A probe that yields NaN costs this batch its speed, not its answers.
            guard case .mask = error else { throw error }
            count(.nonFinite)
            return (try run(input, DensePruner()), .nonFinite)
        }
        if asksPruning, isTimed(batch) {
            gain.record(
                batch,
                seconds: (ContinuousClock.now - start).seconds,
                isPruned: fallback == nil
            )
        }
        if let fallback { count(fallback) }
        return (report, fallback)
    }

    private func isTimed(_ batch: Batch) -> Bool {
        safeguards.isNeverSlower && batch.maskClass.scope == .batch
    }

    private func count(_ fallback: DenseFallback) {
        fallbackCounts[fallback, default: 0] += 1
    }

    /// Runs a batch that asks for pruning densely; a prefill's statistics serve its decode masks.
    private func dense(_ batch: Batch, _ input: ForwardBatch) throws(RuntimeError) -> ForwardReport
    {
        guard batch.phase == .prefill, let statistics = probes?.statisticsPruner(),
            let composer = probes?.composer(for: batch.maskClass)
        else {
            return try run(input, DensePruner())
        }
        let report = try run(input, statistics)
        decodeMasks.learn(batch, statistics.sequenceStatistics, composer: composer)
        return report
    }

    private func pruned(_ batch: Batch, _ input: ForwardBatch) throws(RuntimeError) -> ForwardReport
    {
        switch pruning {
        case .dense:
            return try run(input, DensePruner())
        case .fixed(let pruner):
            return try run(input, pruner)
        case .probe:
            if batch.maskClass == .dense { return try run(input, DensePruner()) }
            return batch.phase == .prefill ? try probe(batch, input) : try decode(batch, input)
        }
    }

    private func probe(_ batch: Batch, _ input: ForwardBatch) throws(RuntimeError) -> ForwardReport
    {
        guard let pruner = probes?.pruner(for: batch.maskClass) else {
            return try run(input, DensePruner())
        }
        let report = try run(input, pruner)
        if let composer = probes?.composer(for: batch.maskClass) {
            decodeMasks.learn(batch, pruner.sequenceStatistics, composer: composer)
        }
        return report
    }

    private func decode(_ batch: Batch, _ input: ForwardBatch) throws(RuntimeError) -> ForwardReport
    {
        let members = batch.chunks.map(\.id)
        if decodeMasks.isRefreshDue(members, interval: probes?.refreshInterval),
            let statistics = probes?.statisticsPruner()
        {
            let report = try run(input, statistics)
            decodeMasks.refresh(members, statistics.sequenceStatistics)
            return report
        }
        let pruner: StaticPruner
        do { pruner = try decodeMasks.pruner(for: batch) } catch { throw .mask(error, layer: 0) }
        return try run(input, pruner)
    }

    /// One forward pass.
    private func run(
        _ input: ForwardBatch,
        _ pruner: some Pruner
    ) throws(RuntimeError) -> ForwardReport {
        var pruner = pruner
        var report = ForwardReport(shape: network.shape)
        try network.forward(
            input,
            cache: &cache,
            pruner: &pruner,
            workspace: workspace,
            report: &report
        )
        return report
    }

    // MARK: - Sample and publish

    private func sample(_ batch: Batch, _ rows: LogitRows) -> [RequestID: Int32] {
        scorePrompts(rows)
        guard !rows.sampling.isEmpty else { return [:] }
        let last = rows.sampling.map(\.index)
        switch batch.phase {
        case .prefill:
            network.logits(of: last, workspace: workspace, into: &logits, report: &prefillReport)
        case .decode:
            network.logits(of: last, workspace: workspace, into: &logits, report: &decodeReport)
        }
        var draws = rows.sampling.enumerated().compactMap { row, sample in
            Draw(row: row, answer: answers[sample.id], state: scheduler[sample.id])
        }
        draws.run(logits, compute: network.compute)
        var sampled: [RequestID: Int32] = [:]
        for draw in draws {
            let id = draw.state.request.id
            answers[id] = draw.answer
            sampled[id] = draw.token
            audit.record(id, logits.row(draw.row), sampled: draw.token)
        }
        return sampled
    }

    /// Scores the prompts' own tokens where a request or an audit asked for that, a few rows at a time.
    private func scorePrompts(_ rows: LogitRows) {
        for scored in rows.scored {
            let (positions, before) = (scored.positions, scored.first - scored.positions.lowerBound)
            for start in stride(
                from: positions.lowerBound,
                to: positions.upperBound,
                by: Self.scoredRowCount
            ) {
                let slice = start..<min(start + Self.scoredRowCount, positions.upperBound)
                network.logits(
                    of: slice.map { Int32(before + $0) },
                    workspace: workspace,
                    into: &logits,
                    report: &prefillReport
                )
                for (row, position) in slice.enumerated() {
                    answers[scored.id]?.scorePrompt(logits.row(row), at: position)
                    if let found = audit.compare(scored.id, logits.row(row), at: position) {
                        divergence.observe(found)
                    }
                }
            }
        }
    }

    private func publish(_ batch: Batch, _ sampled: [RequestID: Int32]) -> [EngineOutput] {
        batch.chunks.compactMap { chunk in
            guard let token = sampled[chunk.id], let state = scheduler[chunk.id] else { return nil }
            let isFull = state.tokens.count >= scheduler.configuration.maxModelLength
            let output = answers[chunk.id]?.append(token, state, isContextFull: isFull)
            if output?.finishReason != nil {
                audit.finish(chunk.id)
                forget(chunk.id)
            }
            return output
        }
    }

    private func forget(_ id: RequestID) {
        scheduler.finish(id)
        answers[id] = nil
        decodeMasks.forget(id)
        audit.forget(id)
    }
}
