import ProbeScheduler
public import Runtime

/// Measures how well a model decodes a text under pruning, and how far its decode masks drift.
///
/// A window's first `promptLength` tokens are prefilled; the others are decoded one by one, each step
/// being fed the text's own token, so that all methods predict the same. As in an `Engine`, a probe's
/// decode masks are composed after the prefill and renewed by dense refresh steps alone.
public struct DecodeEvaluator {
    /// The model.
    public let model: CausalLM
    /// Tokens that a window's prefill runs, at least one.
    public let promptLength: Int
    /// Decode steps after it, at least one.
    public let decodeLength: Int
    /// Windows decoded at once.
    public let batchSize: Int
    /// Decode steps that are reported together.
    public let stretchLength: Int

    /// - Parameters:
    ///   - model: The model.
    ///   - promptLength: Tokens that a window's prefill runs, at least one.
    ///   - decodeLength: Decode steps after it, at least one.
    ///   - batchSize: Windows decoded at once, at least one.
    ///   - stretchLength: Decode steps that are reported together, at least one.
    public init(
        model: CausalLM,
        promptLength: Int,
        decodeLength: Int,
        batchSize: Int,
        stretchLength: Int
    ) {
        precondition(
            min(promptLength, decodeLength, batchSize, stretchLength) >= 1,
            "a window has a prompt and a step"
        )
        self.model = model
        self.promptLength = promptLength
        self.decodeLength = decodeLength
        self.batchSize = batchSize
        self.stretchLength = stretchLength
    }

    /// Tokens a window: the last one is predicted, not run.
    public var windowLength: Int { promptLength + decodeLength + 1 }

    /// Decodes all windows.
    ///
    /// - Parameters:
    ///   - windows: Of `windowLength` tokens each.
    ///   - pruning: How to prune; a probe collects sequence statistics.
    ///   - progress: Called after each batch with the windows done.
    /// - Returns: Likelihoods, costs and drift.
    /// - Throws: `RuntimeError` when a pass fails.
    public func run(
        _ windows: [[Int32]],
        pruning: EnginePruning,
        progress: (Int) -> Void = { _ in }
    ) throws(RuntimeError) -> DecodeResult {
        var result = DecodeResult(stretchLength: stretchLength, shape: model.shape)
        for start in stride(from: 0, to: windows.count, by: batchSize) {
            let batch = Array(windows[start..<min(start + batchSize, windows.count)])
            try decode(batch, pruning, into: &result)
            progress(start + batch.count)
        }
        return result
    }

    // MARK: - One batch

    private func decode(
        _ windows: [[Int32]],
        _ pruning: EnginePruning,
        into result: inout DecodeResult
    ) throws(RuntimeError) {
        var sequences = try TextSequences.start(windows, length: windowLength, model: model)
        // The same windows run dense, stretch by stretch, say what a mask should have been.
        var dense = try TextSequences.start(windows, length: windowLength, model: model)
        var unused = ForwardReport(shape: model.shape)
        let prompt = 0..<promptLength
        var decoder: any Pruner = DensePruner()
        var masks: ComposedMasks?
        switch pruning {
        case .dense:
            try sequences.run(prompt, &decoder, report: &result.prefillReport)
        case .fixed(let pruner):
            decoder = pruner
            try sequences.run(prompt, &decoder, report: &result.prefillReport)
        case .probe(let prober, let interval):
            var pruner: any Pruner = prober
            try sequences.run(prompt, &pruner, report: &result.prefillReport)
            let composed = try ComposedMasks(prober, refreshInterval: interval)
            decoder = composed.pruner
            masks = composed
            var densePruner: any Pruner = DensePruner()
            try dense.run(prompt, &densePruner, report: &unused)
        }
        for step in 0..<decodeLength {
            let position = promptLength + step
            if var composed = masks, composed.isRefreshDue(at: step) {
                let statistics = composed.prober.makeStatisticsPruner()
                var pruner: any Pruner = statistics
                try sequences.run(position..<position + 1, &pruner, report: &result.decodeReport)
                try composed.refresh(statistics.sequenceStatistics)
                decoder = composed.pruner
                masks = composed
            } else {
                try sequences.run(position..<position + 1, &decoder, report: &result.decodeReport)
            }
            result.add(sequences.likelihoods(report: &result.decodeReport), step: step)
            guard let masks, (step + 1).isMultiple(of: stretchLength) || step + 1 == decodeLength
            else { continue }
            let first = promptLength + step / stretchLength * stretchLength
            let statistics = masks.prober.makeStatisticsPruner()
            var pruner: any Pruner = statistics
            try dense.run(first..<position + 1, &pruner, report: &unused)
            let own = try masks.composed(of: statistics.sequenceStatistics).masks
            result.addDrift(from: masks.pruner.masks, to: own, step: step)
        }
    }
}

/// The decode masks of one batch, renewed by refresh steps.
private struct ComposedMasks {
    let prober: any ProbingPruner
    private(set) var pruner: StaticPruner
    private let composer: any DecodeMaskComposer
    private let refreshInterval: Int?
    private var statistics: [SequenceStatistics]

    /// - Parameters:
    ///   - prober: Has just run the prefill.
    ///   - refreshInterval: Decode steps from one dense refresh to the next; nil: never.
    /// - Throws: `RuntimeError` when a score is not finite.
    init(_ prober: any ProbingPruner, refreshInterval: Int?) throws(RuntimeError) {
        self.prober = prober
        self.refreshInterval = refreshInterval
        composer = prober.makeDecodeComposer()
        statistics = prober.sequenceStatistics
        pruner = try Self.compose(composer, statistics)
    }

    /// Whether a step runs dense and renews the masks.
    func isRefreshDue(at step: Int) -> Bool {
        refreshInterval.map { (step + 1).isMultiple(of: $0) } ?? false
    }

    mutating func refresh(_ found: [SequenceStatistics]) throws(RuntimeError) {
        for (index, new) in found.enumerated() { statistics[index].merge(new) }
        pruner = try Self.compose(composer, statistics)
    }

    func composed(of statistics: [SequenceStatistics]) throws(RuntimeError) -> StaticPruner {
        try Self.compose(composer, statistics)
    }

    private static func compose(
        _ composer: any DecodeMaskComposer,
        _ statistics: [SequenceStatistics]
    ) throws(RuntimeError) -> StaticPruner {
        do { return try composer.pruner(for: statistics) } catch { throw .mask(error, layer: 0) }
    }
}
