import Foundation
public import ProbeScheduler

/// Draws the next token of one sequence from its logits.
///
/// Order of operations: penalties and bias, then greedy choice at temperature 0; otherwise temperature,
/// top-k, softmax, top-p, min-p, and one draw. The same seed and logits give the same tokens.
public struct Sampler: Sendable {
    /// Logits that the search for the largest takes at a time.
    private static let blockSize = 512
    /// Powers of two that weights are told apart by.
    private static let levelCount = 40

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
    /// - Complexity: O(vocabulary), and a sort of the likely tokens under top-k and top-p.
    public mutating func next(
        _ logits: Span<Float>,
        prompt: some Sequence<Int32>,
        generated: some Sequence<Int32>
    ) -> Int32 {
        let changed = changedLogits(logits, prompt: prompt, generated: generated)
        guard parameters.temperature > 0 else { return argmax(logits, replacing: changed) }
        return draw(from: candidates(logits, replacing: changed))
    }

    // MARK: - Steps

    /// Logits of the tokens that have occurred, penalised, and of those that have a bias.
    private func changedLogits(
        _ logits: Span<Float>,
        prompt: some Sequence<Int32>,
        generated: some Sequence<Int32>
    ) -> [Int32: Float] {
        let (repetition, presence, frequency) = (
            parameters.repetitionPenalty, parameters.presencePenalty, parameters.frequencyPenalty
        )
        let bias = parameters.logitBias
        guard repetition != 1 || presence != 0 || frequency != 0 || !bias.isEmpty else {
            return [:]
        }
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
        for (token, value) in bias where token >= 0 && Int(token) < logits.count {
            result[token] = (result[token] ?? logits[Int(token)]) + value
        }
        return result
    }

    /// The token with the largest logit; of equal logits the lower id.
    private func argmax(_ logits: Span<Float>, replacing changed: [Int32: Float]) -> Int32 {
        var best = 0
        var bestLogit = -Float.infinity
        for start in stride(from: 0, to: logits.count, by: Self.blockSize) {
            let block = start..<min(start + Self.blockSize, logits.count)
            // Few blocks hold a larger logit than all before them, and a whole one is told quickly.
            guard !changed.isEmpty || exceeds(bestLogit, logits.extracting(block)) else { continue }
            for token in block {
                let logit = changed.isEmpty ? logits[token] : changed[Int32(token)] ?? logits[token]
                if logit > bestLogit { (best, bestLogit) = (token, logit) }
            }
        }
        return Int32(best)
    }

    /// Whether any of the logits is larger.
    private func exceeds(_ limit: Float, _ logits: Span<Float>) -> Bool {
        typealias Lanes = SIMD16<Float>
        let wholeCount = logits.count / Lanes.scalarCount * Lanes.scalarCount
        var larger = SIMDMask<Lanes.MaskStorage>(repeating: false)
        let bytes = unsafe logits.bytes
        for index in stride(from: 0, to: wholeCount, by: Lanes.scalarCount) {
            // SAFETY: the lanes lie within the span, and any bytes are floats.
            let lanes = unsafe bytes.unsafeLoadUnaligned(
                fromByteOffset: index * MemoryLayout<Float>.stride,
                as: Lanes.self
            )
            larger .|= lanes .> limit
        }
        return any(larger) || (wholeCount..<logits.count).contains { logits[$0] > limit }
    }

    /// The tokens that may be drawn, with their unnormalised probabilities.
    ///
    /// The most likely token has weight 1, so min-p compares with weights as they are.
    private func candidates(
        _ logits: Span<Float>,
        replacing changed: [Int32: Float]
    ) -> [(token: Int32, weight: Float)] {
        var weights = logits.indices.map { logits[$0] }
        for (token, logit) in changed { weights[Int(token)] = logit }
        let largest = weights.max() ?? 0
        var total: Float = 0
        for index in weights.indices {
            weights[index] = exp((weights[index] - largest) / parameters.temperature)
            total += weights[index]
        }
        guard parameters.topK > 0 || parameters.topP < 1 else {
            return weights.indices.filter { weights[$0] >= parameters.minP }
                .map { (Int32($0), weights[$0]) }
        }
        var sorted = likeliest(weights, total: total)
        if parameters.topK > 0 {
            sorted = Array(sorted.prefix(parameters.topK))
            total = sorted.reduce(0) { $0 + $1.weight }
        }
        var mass: Float = 0
        var keptCount = 0
        for candidate in sorted {
            if keptCount > 0, mass >= parameters.topP * total { break }
            if keptCount > 0, candidate.weight < parameters.minP { break }
            mass += candidate.weight
            keptCount += 1
        }
        return Array(sorted.prefix(keptCount))
    }

    /// The likeliest tokens, the likeliest first, as many as top-k or top-p can ask for.
    ///
    /// A whole vocabulary takes ten milliseconds to sort. So tokens are counted, and their weights added
    /// up, by how many times the largest weight halves down to theirs; those of enough levels are sorted.
    private func likeliest(_ weights: [Float], total: Float) -> [(token: Int32, weight: Float)] {
        var levels = [(count: Int, mass: Float)](repeating: (0, 0), count: Self.levelCount)
        for weight in weights {
            let level = Int(Float(1).exponentBitPattern) - Int(weight.exponentBitPattern)
            let place = min(max(0, level), Self.levelCount - 1)
            levels[place].count += 1
            levels[place].mass += weight
        }
        var (count, mass): (Int, Float) = (0, 0)
        let isEnough = levels.firstIndex { level in
            count += level.count
            mass += level.mass
            return parameters.topK > 0
                ? count >= parameters.topK : mass >= parameters.topP * total
        }
        // One level more, for sums in another order round otherwise; the last has no end.
        let last = (isEnough ?? Self.levelCount) + 1
        let threshold =
            last < Self.levelCount - 1
            ? Float(sign: .plus, exponent: -last, significand: 1) : 0
        return weights.indices.lazy.filter { weights[$0] >= threshold }
            .map { (token: Int32($0), weight: weights[$0]) }
            .sorted { ($0.weight, $1.token) > ($1.weight, $0.token) }
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
