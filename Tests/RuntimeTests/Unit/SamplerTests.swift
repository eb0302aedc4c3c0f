import Foundation
import ProbeScheduler
import Testing

@testable import Runtime

@Suite("Sampler")
struct SamplerTests {
    private let logits: [Float] = [1, 3, 2.5, -1, 3, 0.5, -2, 2.9]

    /// Draws tokens of the same logits, one after the other.
    private func draw(
        _ logits: [Float],
        count: Int = 1,
        seed: UInt64 = 1,
        prompt: [Int32] = [],
        generated: [Int32] = [],
        _ set: (inout SamplingParameters) -> Void = { _ in }
    ) -> [Int32] {
        var parameters = SamplingParameters()
        set(&parameters)
        var sampler = Sampler(parameters, seed: seed)
        return (0..<count).map { _ in
            sampler.next(logits.span, prompt: prompt, generated: generated)
        }
    }

    // MARK: - Greedy

    @Test("temperature 0 takes the largest logit; of equal ones the lower id")
    func greedyTakesTheLargest() {
        #expect(draw(logits, count: 3) == [1, 1, 1])
        #expect(draw([0, 0, 0]) == [0])
        #expect(draw([-5, -.infinity, -4, -4]) == [2])
        #expect(draw([7]) == [0])
        #expect(draw([-.infinity, -.infinity]) == [0])
    }

    @Test(
        "the largest is found wherever it stands, and NaN is passed over",
        arguments: [1, 15, 16, 17, 511, 512, 513, 1_500]
    )
    func largestAnywhere(count: Int) {
        for place in [0, count / 2, count - 1] {
            var logits = (0..<count).map { Float($0 % 7) - 10 }
            logits[place] = 1
            if place > 0 { logits[0] = .nan }
            #expect(draw(logits) == [Int32(place)])
            logits[count - 1] = 1
            #expect(draw(logits) == [Int32(place)])
            #expect(draw(logits) { $0.logitBias = [Int32(place): 2] } == [Int32(place)])
        }
    }

    @Test(
        "top-k 1 takes what greedy takes, at any temperature",
        arguments: [0.1, 1, 100] as [Float]
    )
    func topOneIsGreedy(temperature: Float) {
        for seed in 0..<50 as Range<UInt64> {
            var numbers = SplitMix64(seed: seed)
            // Few distinct values, so that some are equal.
            let logits = (0..<40).map { _ in Float(Int.random(in: 0..<9, using: &numbers)) }
            let drawn = draw(logits, count: 5, seed: seed) {
                $0.temperature = temperature
                $0.topK = 1
            }
            #expect(Set(drawn) == Set(draw(logits)))
        }
    }

    // MARK: - Penalties

    @Test("the repetition penalty divides positive logits and multiplies negative ones")
    func repetitionPenalty() {
        // 3 / 2 < 2: token 1 takes over.
        #expect(draw([3, 2, 1], prompt: [0]) { $0.repetitionPenalty = 2 } == [1])
        #expect(draw([3, 2, 1], generated: [0, 0]) { $0.repetitionPenalty = 2 } == [1])
        // 3 / 1.4 > 2, however often the token has occurred.
        #expect(
            draw([3, 2, 1], prompt: [0, 0, 0], generated: [0]) { $0.repetitionPenalty = 1.4 } == [0]
        )
        // −1 · 2 = −2 < −1.5.
        #expect(draw([-1, -1.5], prompt: [0]) { $0.repetitionPenalty = 2 } == [1])
        // A penalty below 1 favours what has occurred.
        #expect(draw([3, 2, 1], prompt: [1]) { $0.repetitionPenalty = 0.5 } == [1])
    }

    @Test("the presence penalty is subtracted once from generated tokens alone")
    func presencePenalty() {
        #expect(draw([3, 2], generated: [0]) { $0.presencePenalty = 1.5 } == [1])
        #expect(draw([3, 2], generated: [0, 0, 0]) { $0.presencePenalty = 0.5 } == [0])
        #expect(draw([3, 2], prompt: [0]) { $0.presencePenalty = 1.5 } == [0])
        #expect(draw([3, 2], generated: [1]) { $0.presencePenalty = -1.5 } == [1])
    }

    @Test("the frequency penalty is subtracted for each time a token was generated")
    func frequencyPenalty() {
        #expect(draw([3, 2], generated: [0]) { $0.frequencyPenalty = 0.6 } == [0])
        #expect(draw([3, 2], generated: [0, 0]) { $0.frequencyPenalty = 0.6 } == [1])
        #expect(draw([3, 2], prompt: [0, 0, 0]) { $0.frequencyPenalty = 0.6 } == [0])
    }

    @Test("penalties combine: first repetition, then presence and frequency")
    func penaltiesCombine() {
        // 6 / 2 − (0.5 + 2 · 0.25) = 2; the unpenalised token lies just above or below.
        for (other, expected) in [(2.01, 0), (1.99, 1)] as [(Float, Int32)] {
            let drawn = draw([other, 6], generated: [1, 1]) {
                $0.repetitionPenalty = 2
                $0.presencePenalty = 0.5
                $0.frequencyPenalty = 0.25
            }
            #expect(drawn == [expected])
        }
    }

    @Test("penalties hold at a temperature above 0 too")
    func penaltiesBeforeSampling() {
        let drawn = draw([3, 2, 1], count: 20, prompt: [0]) {
            $0.temperature = 1
            $0.topK = 1
            $0.repetitionPenalty = 2
        }
        #expect(Set(drawn) == [1])
    }

    @Test("tokens outside the vocabulary are ignored")
    func ignoresForeignTokens() {
        let drawn = draw([3, 2], prompt: [-1, 2, .max], generated: [.min, 9]) {
            $0.repetitionPenalty = 2
            $0.presencePenalty = 1
        }
        #expect(drawn == [0])
    }

    // MARK: - Sampling

    @Test(
        "tokens are drawn as often as their probabilities say",
        arguments: [0.5, 1, 2] as [Float]
    )
    func frequencies(temperature: Float) {
        let count = 20_000
        let drawn = draw(logits, count: count) { $0.temperature = temperature }
        let weights = logits.map { exp(Double($0) / Double(temperature)) }
        let total = weights.reduce(0, +)
        for (token, weight) in weights.enumerated() {
            let expected = weight / total
            let found = Double(drawn.count { $0 == Int32(token) }) / Double(count)
            // Five standard deviations.
            let bound = 5 * (expected * (1 - expected) / Double(count)).squareRoot()
            #expect(abs(found - expected) <= bound, "token \(token)")
        }
    }

    @Test("top-k draws from the k most likely tokens, all of them")
    func topK() {
        for (topK, expected) in [
            (2, [1, 4]), (3, [1, 4, 7]), (4, [1, 2, 4, 7]), (0, Set(0..<8)), (99, Set(0..<8)),
        ] as [(Int, Set<Int32>)] {
            let drawn = draw(logits, count: 5_000) {
                $0.temperature = 2
                $0.topK = topK
            }
            #expect(Set(drawn) == expected, "top-k \(topK)")
        }
    }

    /// Logits whose probabilities are 0.4, 0.3, 0.2 and 0.1, most likely last.
    private let tail: [Float] = [log(0.1), log(0.2), log(0.3), log(0.4)]

    @Test("top-p draws from the smallest set that reaches the probability")
    func topP() {
        for (topP, expected) in [
            (0.01, [3]), (0.39, [3]), (0.41, [2, 3]), (0.69, [2, 3]), (0.71, [1, 2, 3]),
            (0.91, [0, 1, 2, 3]), (1, [0, 1, 2, 3]),
        ] as [(Float, Set<Int32>)] {
            let drawn = draw(tail, count: 3_000) {
                $0.temperature = 1
                $0.topP = topP
            }
            #expect(Set(drawn) == expected, "top-p \(topP)")
        }
    }

    @Test(
        "top-k and top-p cut a long tail where a full sort does",
        arguments: [(1, 1), (138, 1), (139, 1), (299, 1), (0, 0.3), (0, 0.6), (0, 0.95)]
            as [(Int, Float)]
    )
    func longTail(topK: Int, topP: Float) {
        // Weights from 1 down to 0.22, in an order of their own; 101 and 300 have no common divisor.
        let count = 300
        let ranks = (0..<count).map { $0 * 101 % count }
        let weights = (0..<count).map { exp(-0.005 * Double($0)) }
        let total = weights.reduce(0, +)
        var (kept, mass) = (0, 0.0)
        while topK > 0 ? kept < topK : mass < Double(topP) * total {
            mass += weights[kept]
            kept += 1
        }
        let drawn = draw(ranks.map { -0.005 * Float($0) }, count: 8_000) {
            $0.temperature = 1
            $0.topK = topK
            $0.topP = topP
        }
        #expect(Set(drawn.map { ranks[Int($0)] }) == Set(0..<kept))
    }

    @Test("min-p leaves out tokens less likely than that share of the most likely one")
    func minP() {
        for (minP, expected) in [
            (0, [0, 1, 2, 3]), (0.24, [0, 1, 2, 3]), (0.26, [1, 2, 3]), (0.51, [2, 3]),
            (0.76, [3]), (1, [3]),
        ] as [(Float, Set<Int32>)] {
            let drawn = draw(tail, count: 3_000) {
                $0.temperature = 1
                $0.minP = minP
            }
            #expect(Set(drawn) == expected, "min-p \(minP)")
        }
    }

    @Test("huge logits do not overflow, and impossible tokens are never drawn")
    func extremes() {
        let drawn = draw([1e30, -.infinity, 1e30, 0], count: 1_000) { $0.temperature = 1 }
        #expect(Set(drawn) == [0, 2])
    }

    // MARK: - Seeds

    @Test("the same seed gives the same tokens, another seed others")
    func seeds() {
        func tokens(_ seed: UInt64, own: UInt64? = nil) -> [Int32] {
            draw(logits, count: 200, seed: seed) {
                $0.temperature = 1
                $0.seed = own
            }
        }
        #expect(tokens(1) == tokens(1))
        #expect(tokens(1) != tokens(2))
        #expect(tokens(1, own: 7) == tokens(2, own: 7), "the parameters' seed goes first")
        #expect(tokens(1, own: 7) == tokens(7))
    }
}
