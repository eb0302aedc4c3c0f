import Evaluation
import Foundation
import Kernels
import ProbeScheduler
import Runtime
import TestSupport
import Testing

/// `reference/golden_e2e.json`: two successive batches of 4 × 64 tokens, two ratios and probe sizes.
@Suite(
    "End-to-end reference",
    .enabled(if: SharedFolder.isAvailable, SharedFolder.absence),
    .serialized
)
struct EndToEndReferenceTests {
    struct Golden: Decodable {
        struct Choice: Decodable {
            let samples: [Int]
            let tokens: [Int]
            let heads: [Int32]?
            let kept: [Int32]?
        }
        struct Batch: Decodable {
            let nll: [Double]
            let sel: [String: Choice]
        }
        struct Run: Decodable {
            let ratio: Double
            let probe: [Double]?
            let batches: [Batch]
            let histAfterCalib: [String: Double]?
            let histAfterEval: [String: Double]?

            enum CodingKeys: String, CodingKey {
                case ratio, probe, batches
                case histAfterCalib = "hist_after_calib"
                case histAfterEval = "hist_after_eval"
            }
        }
        let calibIds: [[Int32]]
        let evalIds: [[Int32]]
        let runs: [String: Run]

        enum CodingKeys: String, CodingKey {
            case runs
            case calibIds = "calib_ids"
            case evalIds = "eval_ids"
        }
    }

    @Test(
        "two batches choose, predict and remember as the published implementation does",
        arguments: ["dense", "pp40", "pp20_half"]
    )
    func run(name: String) async throws {
        let golden = try JSONDecoder().decode(
            Golden.self,
            from: SharedFolder.data("reference/golden_e2e.json")
        )
        let expected = try #require(golden.runs[name])
        let network = try await ModelFixture.f32().network
        let history = try Calibrator(network: network, batchSize: 4).run(golden.calibIds)
        let probe = ProbePruner(
            shape: network.shape,
            norms: network.norms,
            policy: RatioPolicy(nominalRatio: expected.ratio),
            configuration: ProbeConfiguration(
                tokenRatio: expected.probe?[0] ?? 0.5,
                sampleRatio: expected.probe?[1] ?? 0.05
            ),
            history: history
        )
        let recorder = DecisionRecorder()
        probe.onDecision = recorder.record
        try compare(expected.histAfterCalib, history)
        var pruner: any Pruner = probe
        let evaluator = PerplexityEvaluator(
            model: network,
            contextLength: 64,
            batchSize: 4,
            maskScope: .batch
        )
        for (index, batch) in expected.batches.enumerated() {
            recorder.clear()
            let windows = Array(golden.evalIds[4 * index..<4 * index + 4])
            let result = try evaluator.run(windows, pruner: &pruner)
            let tolerance = name == "dense" ? 0.0005 : 0.02
            for (found, wanted) in zip(result.windowMeans, batch.nll) {
                #expect(abs(found - wanted) <= tolerance, "batch \(index)")
            }
            #expect(recorder.choices.count == batch.sel.count)
            for (key, choice) in batch.sel {
                try compare(choice, key, recorder, "batch \(index), \(key)")
            }
        }
        try compare(expected.histAfterEval, probe.history)
    }

    private func compare(
        _ expected: Golden.Choice,
        _ key: String,
        _ recorder: DecisionRecorder,
        _ comment: Comment
    ) throws {
        let layer = try #require(Int(key.drop { !$0.isNumber }))
        let block: PrunableBlock =
            key.hasPrefix("attn") ? .attention(layer: layer) : .mlp(layer: layer)
        let found = try #require(recorder.choices[block])
        #expect(found.samples == expected.samples, comment)
        #expect(found.positions == expected.tokens, comment)
        let kept = try #require(expected.heads ?? expected.kept)
        #expect(found.kept.count == kept.count, comment)
        let common = Set(kept).intersection(found.kept).count
        #expect(Double(common) >= 0.99 * Double(kept.count), comment)
    }

    private func compare(_ sums: [String: Double]?, _ history: ProbeHistory?) throws {
        guard let sums, let history else { return }
        for (name, expected) in sums {
            let layer = try #require(Int(name.split(separator: ".")[2]))
            let block: PrunableBlock =
                name.hasSuffix("o_proj") ? .attention(layer: layer) : .mlp(layer: layer)
            let sum = history[block].reduce(0.0) { $0 + Double($1) }
            #expect(abs(sum / expected - 1) <= 0.001, "\(name)")
        }
    }
}
