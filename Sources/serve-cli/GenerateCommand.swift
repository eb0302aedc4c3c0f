import ArgumentParser
import Foundation
import Kernels
import ModelFiles
import ProbeScheduler
import Runtime
import Tokenizers

/// `sonde generate`.
struct GenerateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "generate",
        abstract: "Generate for all prompts as one batch; streams when there is one prompt."
    )

    @OptionGroup var options: ModelOptions
    @OptionGroup var pruning: PruningOptions
    @OptionGroup var sampling: SamplingOptions

    @Argument(help: "Prompts.")
    var prompts: [String] = []

    @Option(
        help: "More prompts: one a line, or JSONL with a field \"prompt\" (name ends in .jsonl)."
    )
    var promptFile: String?

    @Flag(help: "Wrap every prompt in the model's chat template.")
    var chat = false

    @Option(help: "System message of the chat template. (default: the template's own)")
    var system: String?

    @Flag(help: "Run dense as well, and show both texts side by side.")
    var compare = false

    @Option(
        help: "Every so many decode steps one runs dense and renews the masks. (default: never)"
    )
    var refreshEvery: Int?

    @Option(help: "Tokens of one prefill step; longer batches are prefilled in chunks.")
    var maxNumBatchedTokens = 8_192

    @Option(help: "Sequences that run at once.")
    var maxNumSeqs = 256

    mutating func validate() throws {
        guard refreshEvery ?? 1 >= 1, maxNumBatchedTokens >= 1, maxNumSeqs >= 1 else {
            throw ValidationError(
                "--refresh-every, --max-num-batched-tokens and --max-num-seqs are at least 1"
            )
        }
        guard system == nil || chat else { throw ValidationError("--system needs --chat") }
        guard !compare || pruning.chosen != .dense else {
            throw ValidationError("--compare needs something to compare: give --prune-ratio")
        }
    }

    func run() async throws {
        let texts = try prompts + (promptFile.map(PromptFile.read) ?? [])
        guard !texts.isEmpty else {
            throw BadInput("no prompt: give PROMPT …, or --prompt-file FILE")
        }
        let start = ContinuousClock.now
        let model = try await options.load()
        let loadSeconds = (ContinuousClock.now - start).seconds
        let template = chat ? try model.chatTemplate() : nil
        let generation = try BatchGeneration(
            model: model,
            prompts: try texts.map { try model.tokens(of: $0, chat: template, system: system) },
            sampling: sampling.parameters,
            seed: options.seed
        )
        let chosen = try pruning.enginePruning(model, refreshInterval: refreshEvery)
        let dense = compare ? try answer(generation, .dense, "dense") : nil
        let streams = texts.count == 1 && !compare && !options.json
        let result = try answer(generation, chosen, pruning.chosen.rawValue, streams: streams)
        if options.json {
            try JSONOutput.print(
                GenerationReport(result, generation, pruning: pruning, dense: dense)
            )
        } else if let dense {
            print(
                SideBySide(
                    prompts: texts,
                    dense: dense,
                    pruned: result,
                    method: pruning.chosen.rawValue,
                    ratio: pruning.pruneRatio,
                    width: Console.width
                ).text
            )
            print(memoryLine(model, loadSeconds))
        } else if !streams {
            for (prompt, choice) in zip(texts, result.choices) {
                print("▌ \(prompt)\n\(choice.text)\n")
            }
        }
        if !options.json, !compare, Console.isInteractive {
            Console.note(RunSummary(result).line)
        }
    }

    private func answer(
        _ generation: BatchGeneration,
        _ pruning: EnginePruning,
        _ title: String,
        streams: Bool = false
    ) throws -> BatchGeneration.Result {
        let bar = ProgressBar("generating (\(title))", unit: .items("tokens"))
        let total = generation.prompts.count * generation.sampling.maxTokens
        let limits = BatchGeneration.Limits(
            maxNumSeqs: maxNumSeqs,
            maxNumBatchedTokens: maxNumBatchedTokens,
            maskScope: self.pruning.maskScope
        )
        let result = try generation.run(pruning: pruning, limits: limits) { done, outputs in
            if streams {
                let text = outputs.map(\.text).joined()
                try Console.output(Data(text.utf8))
            } else {
                bar.update(done, of: total)
            }
        }
        bar.finish()
        if streams { print() }
        return result
    }

    private func memoryLine(_ model: LoadedModel, _ loadSeconds: Double) -> String {
        String(
            format: "weights %@, %.1f MB in memory; peak memory %.1f MB; loaded in %.2f s",
            model.weights.rawValue,
            Double(model.network.weightByteCount) / 1e6,
            Double(ProcessMemory.peakByteCount) / 1e6,
            loadSeconds
        )
    }
}
