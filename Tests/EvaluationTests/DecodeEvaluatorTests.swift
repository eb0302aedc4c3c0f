import Evaluation
import Kernels
import ProbeScheduler
import Runtime
import TestSupport
import Testing

@Suite("DecodeEvaluator")
struct DecodeEvaluatorTests {
    private let model: LoadedModel
    private let evaluator: DecodeEvaluator
    private let windows: [[Int32]]

    init() throws {
        let model = try TinyModel.load()
        self.model = model
        let evaluator = DecodeEvaluator(
            model: model.network,
            promptLength: 10,
            decodeLength: 7,
            batchSize: 2,
            stretchLength: 3
        )
        self.evaluator = evaluator
        var random = SplitMix64(seed: 3)
        windows = (0..<3).map { _ in
            (0..<evaluator.windowLength).map { _ in
                TinyModel.firstByteToken + Int32(random.next() % 256)
            }
        }
    }

    private func prober(_ method: Prober, _ ratio: Double) -> any ProbingPruner {
        let policy = RatioPolicy(nominalRatio: ratio, skippedLayerCount: 1, channelMultiple: 8)
        return method.pruner(model.network, policy: policy)
    }

    /// Sum of the negative log-likelihoods of every token but the first.
    private func likelihood(_ windows: [[Int32]]) throws -> Double {
        let whole = PerplexityEvaluator(
            model: model.network,
            contextLength: windows[0].count,
            batchSize: 1,
            maskScope: .batch
        )
        var dense: any Pruner = DensePruner()
        let result = try whole.run(windows, pruner: &dense)
        return result.negativeLogLikelihood * Double(result.tokenCount)
    }

    @Test("dense decoding predicts what full passes predict after the prompt")
    func dense() throws {
        let result = try evaluator.run(windows, pruning: .dense)
        // Full passes over everything, less those over the prompt and the token that it predicts.
        let expected = try likelihood(windows) - likelihood(windows.map { Array($0.prefix(11)) })
        #expect(abs(result.negativeLogLikelihood * 21 - expected) < 1e-3)
        #expect(result.tokenCount == 21)
        #expect(result.stretches.map(\.firstStep) == [0, 3, 6])
        #expect(result.stretches.map(\.stepCount) == [3, 3, 1])
        #expect(result.stretches.map(\.tokenCount) == [9, 9, 3])
        #expect(result.stretches.allSatisfy { $0.maskOverlap == nil })
        let means = result.windowMeans
        #expect(abs(means.reduce(0, +) / 3 - result.negativeLogLikelihood) < 1e-9)
        #expect(result.decodeReport.multiplyAdds.realisedRatio == 1)
    }

    @Test("at ratio 0 a probe changes nothing", arguments: Prober.allCases)
    func ratioZero(method: Prober) throws {
        let dense = try evaluator.run(windows, pruning: .dense)
        let pruner = prober(method, 0)
        let found = try evaluator.run(windows, pruning: .probe(pruner, refreshInterval: nil))
        #expect(found.windowMeans == dense.windowMeans)
    }

    @Test("refreshing every step decodes densely from a pruned prefill", arguments: Prober.allCases)
    func refreshes(method: Prober) throws {
        func run(_ interval: Int?) throws -> DecodeResult {
            try evaluator.run(
                windows,
                pruning: .probe(prober(method, 0.5), refreshInterval: interval)
            )
        }
        let (never, always) = (try run(nil), try run(1))
        let third = try run(3)
        #expect(always.decodeReport.multiplyAdds.realisedRatio == 1)
        #expect(always.prefillReport.multiplyAdds.realisedRatio < 1)
        let shares = [never, third, always].map(\.decodeReport.multiplyAdds.realisedRatio)
        #expect(shares[0] < shares[1] && shares[1] < shares[2])
        #expect(never.windowMeans != always.windowMeans)
        for result in [never, always] {
            let overlaps = result.stretches.compactMap(\.maskOverlap)
            #expect(overlaps.count == 3)
            #expect(overlaps.allSatisfy { $0 > 0.2 && $0 < 1 })
        }
    }
}
