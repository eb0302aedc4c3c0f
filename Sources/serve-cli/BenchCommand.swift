import ArgumentParser
import Evaluation
import Foundation
import Kernels
import ModelFiles
import ProbeScheduler
import Runtime

/// `sonde bench`.
struct BenchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench",
        abstract: "Measure prefill and decode speed, in the manner of llama-bench.",
        discussion: """
            Tests: ppN is the prefill of N tokens a sequence, tgN the decode of N tokens a sequence after \
            a context; tokens are counted over all sequences. The first run of each test is not counted. \
            Pruned runs include the probe.

            On a shared machine, read speeds as ratios within one run: with a ratio, dense and pruned take \
            turns.

            Try:
              sonde bench
              sonde bench --batch 20 --prompt-tokens 256 --generate-tokens 0 --prune-ratio 0.4
              sonde bench --batch 8 --context 512 --json
            """
    )

    @OptionGroup var options: ModelOptions
    @OptionGroup var pruning: PruningOptions

    @Option(help: "Tokens of the prefill test; 0: none.")
    var promptTokens = 512

    @Option(help: "Tokens of the decode test; 0: none.")
    var generateTokens = 128

    @Option(help: "Sequences at once.")
    var batch = 1

    @Option(help: "Tokens of each sequence before decode starts.")
    var context = 8

    @Option(help: "Counted runs of each test.")
    var repetitions = 5

    @Option(help: "Decode steps from one dense refresh of the masks to the next. (default: none)")
    var refreshInterval: Int?

    /// For drivers that let several engines take turns.
    @Flag(help: ArgumentHelp("Answer tests named on standard input.", visibility: .hidden))
    var serveStdin = false

    mutating func validate() throws {
        guard promptTokens >= 0, generateTokens >= 0, promptTokens + generateTokens > 0 else {
            throw ValidationError("--prompt-tokens and --generate-tokens: not negative, not both 0")
        }
        guard batch >= 1, context >= 1, repetitions >= 1 else {
            throw ValidationError("--batch, --context and --repetitions are at least 1")
        }
    }

    func run() async throws {
        let start = ContinuousClock.now
        let model = try await options.load()
        if serveStdin {
            try SpeedServer(model: model, loadStart: start, options: pruning).run()
            return
        }
        let tests = try chosenTests(model)
        // A pruned bench measures dense beside it, in turn.
        var variants: [(PruningOptions, SpeedRunner)] = []
        var dense = pruning
        (dense.method, dense.pruneRatio) = (.dense, 0)
        for options in pruning.chosen == .dense ? [dense] : [dense, pruning] {
            let mode = try options.enginePruning(model, refreshInterval: refreshInterval)
            let runner = try SpeedRunner(
                model: model,
                pruning: mode,
                tests: tests,
                maskScope: pruning.maskScope
            )
            variants.append((options, runner))
        }
        var rows: [SpeedRow] = []
        let bar = ProgressBar("measuring", unit: .items("runs"))
        let total = tests.count * variants.count * (repetitions + 1)
        var done = 0
        for test in tests {
            var samples = variants.map { _ in [SpeedSample]() }
            for repetition in 0...repetitions {
                for (index, (_, runner)) in variants.enumerated() {
                    let sample = try runner.run(test)
                    if repetition > 0 { samples[index].append(sample) }
                    done += 1
                    bar.update(done, of: total)
                }
            }
            for (index, (options, _)) in variants.enumerated() {
                rows.append(SpeedRow(test, samples[index], options, model))
            }
        }
        bar.finish()
        if options.json {
            try JSONOutput.print(rows)
        } else {
            print(SpeedTable(rows: rows).text)
        }
    }

    private func chosenTests(_ model: LoadedModel) throws -> [SpeedTest] {
        var tests: [SpeedTest] = []
        if promptTokens > 0 { tests.append(.prefill(promptTokens, sequenceCount: batch)) }
        if generateTokens > 0 {
            tests.append(
                .decode(generateTokens, sequenceCount: batch, contextLength: context)
            )
        }
        for test in tests where test.length + 1 > model.config.contextLength {
            throw BadInput(
                "\(test.name): \(test.length) tokens a sequence and one more; "
                    + "the model's context is \(model.config.contextLength)"
            )
        }
        return tests
    }
}
