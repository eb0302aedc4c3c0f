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

    private let network: CausalLM
    private let tokenizer: Tokenizer
    private let endOfTextTokens: Set<Int32>
    private let pruning: EnginePruning
    private let seed: UInt64
    private var scheduler: Scheduler
    private var cache: KVCache
    private let workspace: Workspace
    private var logits = Activations()
    private var answers: [RequestID: Answer] = [:]
    private var decodeMasks = DecodeMasks()
    /// A static method's pruner with the biases that it has made.
    private var fixedPruner: StaticPruner?

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

    /// Puts a request in the queue.
    ///
    /// - Throws: `RuntimeError` when it could never run.
    public func add(_ request: Request) throws(RuntimeError) {
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
        switch batch.phase {
        case .prefill:
            prefillTokenCount += batch.tokenCount
            try prefill(input, members: batch.chunks.map(\.id))
        case .decode:
            decodeTokenCount += batch.tokenCount
            try decode(input, members: batch.chunks.map(\.id))
        }
        return layout
    }

    private func prefill(_ input: ForwardBatch, members: [RequestID]) throws(RuntimeError) {
        switch pruning {
        case .dense:
            try run(input, DensePruner(), &prefillReport)
        case .fixed(let pruner):
            fixedPruner = try run(input, fixedPruner ?? pruner, &prefillReport)
        case .probe(let pruner, _):
            try run(input, pruner, &prefillReport)
            let composer = DecodeMaskComposer(
                shape: network.shape,
                policy: pruner.policy,
                norms: network.norms,
                history: pruner.history
            )
            decodeMasks.learn(members, pruner.sequenceStatistics, composer: composer)
        }
    }

    private func decode(_ input: ForwardBatch, members: [RequestID]) throws(RuntimeError) {
        switch pruning {
        case .dense:
            try run(input, DensePruner(), &decodeReport)
        case .fixed(let pruner):
            fixedPruner = try run(input, fixedPruner ?? pruner, &decodeReport)
        case .probe(_, let interval):
            if decodeMasks.isRefreshDue(interval: interval) {
                let pruner = try run(
                    input,
                    StatisticsPruner(shape: network.shape),
                    &decodeReport
                )
                decodeMasks.refresh(members, pruner.sequenceStatistics)
            } else {
                let masks: [PrunableBlock: ChannelMask]
                do { masks = try decodeMasks.masks(for: members) } catch {
                    throw .mask(error, layer: 0)
                }
                try run(input, StaticPruner(masks: masks), &decodeReport)
            }
        }
    }

    /// One forward pass; returns the pruner as the pass left it.
    @discardableResult
    private func run<P: Pruner>(
        _ input: ForwardBatch,
        _ pruner: P,
        _ report: inout ForwardReport
    ) throws(RuntimeError) -> P {
        var pruner = pruner
        try network.forward(
            input,
            cache: &cache,
            pruner: &pruner,
            workspace: workspace,
            report: &report
        )
        return pruner
    }

    // MARK: - Sample and publish

    private func sample(_ batch: Batch, _ layout: BatchLayout) -> [RequestID: Int32] {
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
