import ProbeScheduler
import Runtime

/// The JSON of `generate`, in snake_case.
struct GenerationReport: Encodable {
    struct Choice: Encodable {
        var index: Int
        var text: String
        var tokens: [Int32]
        var finishReason: String
        var denseText: String?
    }
    struct Usage: Encodable {
        var promptTokens: Int
        var completionTokens: Int
        var prefillTokensPerSecond: Double
        var decodeTokensPerSecond: Double
        var seconds: Double
    }
    struct Pruning: Encodable {
        var method: String
        var ratio: Double
        var realisedFlopsRatio: Double
        var probeFlopsRatio: Double
        var probeSeconds: Double
    }

    var choices: [Choice]
    var usage: Usage
    var pruning: Pruning

    init(
        _ result: BatchGeneration.Result,
        _ generation: BatchGeneration,
        pruning options: PruningOptions,
        dense: BatchGeneration.Result?
    ) {
        let summary = RunSummary(result)
        choices = result.choices.enumerated().map { index, choice in
            Choice(
                index: index,
                text: choice.text,
                tokens: choice.tokens,
                finishReason: choice.finishReason.rawValue,
                denseText: dense?.choices[index].text
            )
        }
        usage = Usage(
            promptTokens: generation.prompts.reduce(0) { $0 + $1.count },
            completionTokens: result.choices.reduce(0) { $0 + $1.tokens.count },
            prefillTokensPerSecond: summary.prefillSpeed,
            decodeTokensPerSecond: summary.decodeSpeed,
            seconds: result.seconds
        )
        pruning = Pruning(
            method: options.chosen.rawValue,
            ratio: options.pruneRatio,
            realisedFlopsRatio: summary.multiplyAdds.realisedRatio,
            probeFlopsRatio: summary.multiplyAdds.probeRatio,
            probeSeconds: (result.prefill.probeDuration + result.decode.probeDuration).seconds
        )
    }
}
