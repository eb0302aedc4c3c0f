import Foundation
public import ProbeScheduler
public import Runtime

/// Runs speed tests on one engine, which keeps its memory from test to test.
///
/// As llama-bench does, it times the forward passes and the output head, not the sampling. A pruned
/// run includes probe, scoring and selection.
public final class SpeedRunner {
    private let engine: Engine
    private let vocabularySize: Int
    private var nextID = 0

    /// - Parameters:
    ///   - model: The model.
    ///   - pruning: How to prune.
    ///   - tests: What will be run; the cache has room for the largest.
    ///   - maskScope: Which rows share a mask.
    /// - Throws: `RuntimeError` when memory cannot be mapped.
    public init(
        model: LoadedModel,
        pruning: EnginePruning,
        tests: [SpeedTest],
        maskScope: MaskScope = .batch
    ) throws(RuntimeError) {
        // One token beyond the last timed one is sampled, and prompts are prefilled in one batch.
        let blocks = tests.map {
            $0.sequenceCount * ($0.length / KVCache.defaultBlockSize + 2)
        }
        engine = try Engine(
            model: model,
            pruning: pruning,
            configuration: SchedulerConfiguration(
                maxNumSeqs: tests.map(\.sequenceCount).max() ?? 1,
                maxNumBatchedTokens: tests.map { $0.sequenceCount * $0.length }.max() ?? 1,
                maxModelLength: (tests.map(\.length).max() ?? 1) + 2,
                blockSize: KVCache.defaultBlockSize,
                blockCount: blocks.max() ?? 1,
                maskScope: maskScope
            )
        )
        vocabularySize = model.network.vocabularySize
    }

    /// Runs a test once.
    ///
    /// - Throws: `RuntimeError` when a pass fails.
    public func run(_ test: SpeedTest) throws(RuntimeError) -> SpeedSample {
        var sampling = SamplingParameters()
        sampling.ignoresEndOfText = true
        sampling.maxTokens = test.phase == .prefill ? 1 : test.tokenCount + 1
        for sequence in 0..<test.sequenceCount {
            let prompt = test.prompt(sequence, vocabularySize: vocabularySize)
            let request = Request(
                id: RequestID(nextID),
                promptTokens: prompt,
                sampling: sampling
            )
            try engine.add(request)
            nextID += 1
        }
        let start = seconds(test.phase)
        var cpuSeconds = 0.0
        while engine.hasWork {
            let (before, cpu) = (seconds(test.phase), Self.cpuSeconds)
            _ = try engine.step()
            // A step runs one phase; the other phase's account stays as it was.
            if seconds(test.phase) > before { cpuSeconds += Self.cpuSeconds - cpu }
        }
        return SpeedSample(
            tokenCount: test.timedTokenCount,
            seconds: seconds(test.phase) - start,
            cpuSeconds: cpuSeconds
        )
    }

    private func seconds(_ phase: SpeedTest.Phase) -> Double {
        let report = phase == .prefill ? engine.prefillReport : engine.decodeReport
        return (report.forwardDuration + report.headDuration).seconds
    }

    /// CPU time of the process so far.
    private static var cpuSeconds: Double { Double(clock()) / Double(CLOCKS_PER_SEC) }
}
