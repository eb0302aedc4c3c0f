import ModelFiles
import ProbeScheduler
import Runtime

/// All prompts of a command, run through one engine to the end.
struct BatchGeneration {
    /// One prompt's answer.
    struct Choice: Sendable {
        var text = ""
        var tokens: [Int32] = []
        var finishReason = FinishReason.length
    }

    /// All answers, and what they cost.
    struct Result {
        var choices: [Choice]
        var prefill: ForwardReport
        var decode: ForwardReport
        var prefillTokens: Int
        var decodeTokens: Int
        var seconds: Double
    }

    /// Bounds of a batch.
    struct Limits {
        var maxNumSeqs = 256
        var maxNumBatchedTokens = 8_192
        var maskScope = MaskScope.batch
    }

    let model: LoadedModel
    let prompts: [[Int32]]
    let sampling: SamplingParameters
    let seed: UInt64

    /// - Throws: `BadInput` when a prompt is empty or too long, before anything runs.
    init(
        model: LoadedModel,
        prompts: [[Int32]],
        sampling: SamplingParameters,
        seed: UInt64
    ) throws {
        for (index, prompt) in prompts.enumerated() {
            guard !prompt.isEmpty else { throw BadInput("prompt \(index + 1) is empty") }
            guard prompt.count < model.config.contextLength else {
                throw BadInput(
                    "prompt \(index + 1) has \(prompt.count) tokens; "
                        + "the context of \(model.config.contextLength) must hold it and one more"
                )
            }
        }
        self.model = model
        self.prompts = prompts
        self.sampling = sampling
        self.seed = seed
    }

    /// Runs to the end.
    ///
    /// - Parameters:
    ///   - pruning: How to prune.
    ///   - limits: Bounds of a batch.
    ///   - progress: Called after each step with the tokens generated so far and its outputs.
    /// - Returns: All answers, and what they cost.
    /// - Throws: When a request is refused or a pass fails.
    func run(
        pruning: EnginePruning,
        limits: Limits,
        progress: (Int, [EngineOutput]) throws -> Void
    ) throws -> Result {
        let longest = prompts.map(\.count).max() ?? 0
        let length = min(model.config.contextLength, longest + sampling.maxTokens + 1)
        let blockSize = KVCache.defaultBlockSize
        let concurrent = min(prompts.count, limits.maxNumSeqs)
        let engine = try Engine(
            model: model,
            pruning: pruning,
            configuration: SchedulerConfiguration(
                maxNumSeqs: concurrent,
                maxNumBatchedTokens: limits.maxNumBatchedTokens,
                maxModelLength: length,
                blockSize: blockSize,
                blockCount: max(1, concurrent) * ((length + blockSize - 1) / blockSize),
                maskScope: limits.maskScope
            ),
            seed: seed
        )
        for (index, prompt) in prompts.enumerated() {
            try engine.add(
                Request(id: RequestID(index), promptTokens: prompt, sampling: sampling)
            )
        }
        var choices = [Choice](repeating: Choice(), count: prompts.count)
        var generated = 0
        let start = ContinuousClock.now
        while engine.hasWork {
            let outputs = try engine.step()
            for output in outputs {
                choices[output.id.value].text += output.text
                if let token = output.token { choices[output.id.value].tokens.append(token) }
                if let reason = output.finishReason {
                    choices[output.id.value].finishReason = reason
                }
                generated += 1
            }
            try progress(generated, outputs)
        }
        return Result(
            choices: choices,
            prefill: engine.prefillReport,
            decode: engine.decodeReport,
            prefillTokens: engine.prefillTokenCount,
            decodeTokens: engine.decodeTokenCount,
            seconds: (ContinuousClock.now - start).seconds
        )
    }
}
