import ArgumentParser
import ProbeScheduler

/// Options that say how tokens are drawn.
struct SamplingOptions: ParsableArguments {
    @Option(name: [.short, .long], help: "Most tokens to generate for each prompt.")
    var maxTokens = 64

    @Option(help: "0: greedy.")
    var temperature: Float = 0

    @Option(help: "Draw from so many most likely tokens; 0: all.")
    var topK = 0

    @Option(help: "Draw from the most likely tokens that reach this probability together.")
    var topP: Float = 1

    @Option(help: "Draw from tokens at least so likely, relative to the most likely one.")
    var minP: Float = 0

    @Option(help: "Makes tokens that have occurred less likely; 1: off.")
    var repetitionPenalty: Float = 1

    @Option(help: "End at this text. May be given several times.")
    var stop: [String] = []

    @Flag(help: "Go on after an end-of-text token.")
    var ignoreEos = false

    mutating func validate() throws {
        guard maxTokens >= 1 else { throw ValidationError("--max-tokens \(maxTokens): at least 1") }
        guard temperature >= 0, temperature.isFinite else {
            throw ValidationError("--temperature \(temperature): expected 0 or more")
        }
        guard topK >= 0 else { throw ValidationError("--top-k \(topK): expected 0 or more") }
        guard topP > 0, topP <= 1 else {
            throw ValidationError("--top-p \(topP): expected 0 < P ≤ 1")
        }
        guard (0...1).contains(minP) else {
            throw ValidationError("--min-p \(minP): expected 0 ≤ P ≤ 1")
        }
        guard repetitionPenalty > 0, repetitionPenalty.isFinite else {
            throw ValidationError("--repetition-penalty \(repetitionPenalty): expected more than 0")
        }
    }

    /// The parameters.
    var parameters: SamplingParameters {
        var parameters = SamplingParameters()
        parameters.maxTokens = maxTokens
        parameters.temperature = temperature
        parameters.topK = topK
        parameters.topP = topP
        parameters.minP = minP
        parameters.repetitionPenalty = repetitionPenalty
        parameters.stop = stop
        parameters.ignoresEndOfText = ignoreEos
        return parameters
    }
}
