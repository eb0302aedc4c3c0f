import Kernels
public import ProbeScheduler
public import Runtime
import Tokenizers

/// Answers multiple-choice questions by the likelihood of each choice.
public struct TaskEvaluator {
    /// The model.
    public let model: LoadedModel
    /// Choices a batch, each a row of its own; a batch is what one mask is made for.
    public let batchSize: Int
    /// Most tokens of a context and a choice; the first ones of a longer context are not read.
    public let contextLength: Int

    /// - Parameters:
    ///   - model: The model.
    ///   - batchSize: Choices a batch, at least 1.
    ///   - contextLength: Most tokens, at least 2.
    public init(model: LoadedModel, batchSize: Int, contextLength: Int) {
        precondition(batchSize >= 1 && contextLength >= 2, "a choice has something before it")
        self.model = model
        self.batchSize = batchSize
        self.contextLength = contextLength
    }

    /// Runs all questions; batches go over questions' borders, in order.
    ///
    /// - Parameters:
    ///   - questions: In any order of tasks.
    ///   - pruner: Decides masks; its history moves on from batch to batch.
    ///   - progress: Called after each batch with the choices done.
    /// - Returns: Results by task, and what the passes cost.
    /// - Throws: `RuntimeError` when a pass fails.
    public func run(
        _ questions: [ChoiceQuestion],
        pruner: inout any Pruner,
        progress: (Int) -> Void = { _ in }
    ) throws(RuntimeError) -> (tasks: [String: TaskResult], report: ForwardReport) {
        let network = model.network
        let choices = questions.flatMap(choices)
        let batches = stride(from: 0, to: choices.count, by: batchSize).map {
            Array(choices[$0..<min($0 + batchSize, choices.count)])
        }
        var report = ForwardReport(shape: network.shape)
        var likelihoods: [Double] = []
        let workspace: Workspace
        var cache: KVCache
        do {
            workspace = try network.makeWorkspace()
            cache = try network.makeCache(
                layerCount: 1,
                blockCount: batches.map(Self.blockCount).max() ?? 1
            )
        } catch {
            throw .kernel(error)
        }
        for batch in batches {
            let input = ForwardBatch(
                tokens: batch.flatMap(\.tokens),
                layout: BatchLayout(lengths: batch.map(\.tokens.count)),
                blockSize: cache.blockSize
            )
            try network.forward(
                input,
                cache: &cache,
                pruner: &pruner,
                workspace: workspace,
                report: &report
            )
            likelihoods += score(batch, input.layout, workspace, &report)
            progress(likelihoods.count)
        }
        return (tally(questions, likelihoods), report)
    }

    /// Choices of all questions.
    public func choiceCount(_ questions: [ChoiceQuestion]) -> Int {
        questions.reduce(0) { $0 + $1.choices.count }
    }

    // MARK: - Parts

    /// Cache blocks that a batch needs.
    private static func blockCount(_ batch: [ScoredChoice]) -> Int {
        let size = KVCache.defaultBlockSize
        return batch.reduce(0) { $0 + ($1.tokens.count + size - 1) / size }
    }

    private func choices(_ question: ChoiceQuestion) -> [ScoredChoice] {
        let start = model.tokenizer.bosToken ?? model.tokenizer.endOfTextTokens.min() ?? 0
        return zip(question.contexts, question.choices).map {
            ScoredChoice(
                context: $0,
                choice: $1,
                tokenizer: model.tokenizer,
                start: start,
                limit: contextLength
            )
        }
    }

    /// Log-likelihood of each choice of the batch that has just run.
    private func score(
        _ batch: [ScoredChoice],
        _ layout: BatchLayout,
        _ workspace: Workspace,
        _ report: inout ForwardReport
    ) -> [Double] {
        var logits = Activations()
        var normalisers: [Float] = []
        return zip(batch, layout.samples).map { choice, sample in
            let scored = choice.firstScored..<choice.tokens.count
            let rows = scored.map { Int32(sample.firstRow + $0 - 1) }
            model.network.logits(
                of: rows,
                workspace: workspace,
                into: &logits,
                report: &report
            )
            model.network.compute.logSumExp(logits, into: &normalisers)
            return scored.enumerated().reduce(0.0) { sum, token in
                let logit = logits.row(token.offset)[Int(choice.tokens[token.element])]
                return sum + Double(logit) - Double(normalisers[token.offset])
            }
        }
    }

    private func tally(
        _ questions: [ChoiceQuestion],
        _ likelihoods: [Double]
    ) -> [String: TaskResult] {
        var results: [String: TaskResult] = [:]
        var next = 0
        for question in questions {
            let end = next + question.choices.count
            results[question.task, default: TaskResult()].add(
                Array(likelihoods[next..<end]),
                lengths: question.choices.map(\.unicodeScalars.count),
                gold: question.gold
            )
            next = end
        }
        return results
    }
}
