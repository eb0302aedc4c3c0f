import Foundation
public import ProbeScheduler

/// Draws the next token of one sequence from its logits.
///
/// Order of operations: penalties, then greedy choice at temperature 0; otherwise temperature,
/// top-k, softmax, top-p, min-p, and one draw. The same seed and logits give the same tokens.
public struct Sampler: Sendable {
    private let parameters: SamplingParameters
    private var generator: SplitMix64

    /// - Parameters:
    ///   - parameters: Valid sampling parameters.
    ///   - seed: Used when the parameters carry none.
    public init(_ parameters: SamplingParameters, seed: UInt64) {
        self.parameters = parameters
        generator = SplitMix64(seed: parameters.seed ?? seed)
    }

    /// The next token.
    ///
    /// - Parameters:
    ///   - logits: Shape `[vocabulary]`.
    ///   - prompt: Tokens of the prompt; they count for the repetition penalty.
    ///   - generated: Tokens generated so far; they count for all penalties.
    /// - Returns: The token's id.
    /// - Complexity: O(vocabulary) when greedy, O(vocabulary · log vocabulary) otherwise.
    public mutating func next(
        _ logits: Span<Float>,
        prompt: some Sequence<Int32>,
        generated: some Sequence<Int32>
    ) -> Int32 {
        let penalties = penalised(logits, prompt: prompt, generated: generated)
        guard parameters.temperature > 0 else {
            return argmax(logits, replacing: penalties)
        }
        return draw(from: candidates(logits, replacing: penalties))
    }

    // MARK: - Steps

    /// Penalised logits of the tokens that have occurred.
    private func penalised(
        _ logits: Span<Float>,
        prompt: some Sequence<Int32>,
        generated: some Sequence<Int32>
    ) -> [Int32: Float] {
        let (repetition, presence, frequency) = (
            parameters.repetitionPenalty, parameters.presencePenalty, parameters.frequencyPenalty
        )
        guard repetition != 1 || presence != 0 || frequency != 0 else { return [:] }
        var counts: [Int32: Int] = [:]
        for token in prompt { counts[token, default: 0] += 0 }
        for token in generated { counts[token, default: 0] += 1 }
        var result: [Int32: Float] = [:]
        for (token, count) in counts where token >= 0 && Int(token) < logits.count {
            var logit = logits[Int(token)]
            logit = logit > 0 ? logit / repetition : logit * repetition
            if count > 0 { logit -= presence + frequency * Float(count) }
            result[token] = logit
        }
        return result
    }

    /// The token with the largest logit; of equal logits the lower id.
    private func argmax(_ logits: Span<Float>, replacing penalties: [Int32: Float]) -> Int32 {
        var best = 0
        var bestLogit = -Float.infinity
        for token in logits.indices {
            let logit = penalties.isEmpty ? logits[token] : penalties[Int32(token)] ?? logits[token]
            if logit > bestLogit { (best, bestLogit) = (token, logit) }
        }
        return Int32(best)
    }

    /// The tokens that may be drawn, with their unnormalised probabilities, most likely first.
    private func candidates(
        _ logits: Span<Float>,
        replacing penalties: [Int32: Float]
    ) -> [(token: Int32, weight: Float)] {
        var candidates = logits.indices.map { token in
            (token: Int32(token), weight: penalties[Int32(token)] ?? logits[token])
        }
        candidates.sort { ($0.weight, $1.token) > ($1.weight, $0.token) }
        if parameters.topK > 0 { candidates = Array(candidates.prefix(parameters.topK)) }

        let largest = candidates.first?.weight ?? 0
        var total: Float = 0
        for index in candidates.indices {
            candidates[index].weight = exp(
                (candidates[index].weight - largest) / parameters.temperature
            )
            total += candidates[index].weight
        }
        var mass: Float = 0
        var keptCount = 0
        // The most likely token has weight 1, so min-p compares with weights as they are.
        for candidate in candidates {
            if keptCount > 0, mass >= parameters.topP * total { break }
            if keptCount > 0, candidate.weight < parameters.minP { break }
            mass += candidate.weight
            keptCount += 1
        }
        return Array(candidates.prefix(keptCount))
    }

    private mutating func draw(from candidates: [(token: Int32, weight: Float)]) -> Int32 {
        let total = candidates.reduce(Float(0)) { $0 + $1.weight }
        var threshold = Float.random(in: 0..<1, using: &generator) * total
        for candidate in candidates {
            threshold -= candidate.weight
            if threshold < 0 { return candidate.token }
        }
        return candidates.last?.token ?? 0
    }
}
