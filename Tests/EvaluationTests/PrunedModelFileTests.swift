import Evaluation
import Foundation
import Kernels
import ModelFiles
import ProbeScheduler
import Runtime
import StaticPruning
import TestSupport
import Testing
import Tokenizers

@Suite("Pruned model file")
struct PrunedModelFileTests {
    /// Magnitude's masks for some layers, with made-up means for what they remove.
    private func plan(_ model: LoadedModel) throws -> StaticPlan {
        let shape = model.network.shape
        var plan = try StaticMethod.magnitude.plan(
            shape: shape,
            norms: model.network.norms,
            ratio: 0.2,
            preset: .pp,
            history: nil
        )
        for block in plan.masks.keys {
            plan.expectedInputs[block] = ExpectedInput(
                means: (0..<shape.consumerWidth(block.kind)).map { Float($0 % 7 - 3) / 500 }
            )
        }
        return plan
    }

    @Test("predicts what the whole model predicts under the plan's masks")
    func agreesWithMasks() async throws {
        let model = try await ModelFixture.f32()
        let plan = try plan(model)
        let url = FileManager.default.temporaryDirectory
            .appending(path: "pruned-\(UUID().uuidString).gguf")
        defer { try? FileManager.default.removeItem(at: url) }
        let source = try ModelFile(path: model.path)
        try PrunedModelFile(file: source, plan: plan).writer().write(to: url)

        let pruned = try LoadedModel(
            path: url.path,
            weights: .f32,
            compute: model.network.compute
        )
        // The first three layers stay as they are, so widths differ, and LLaMA becomes DeciLM.
        #expect(pruned.config.architecture == "deci")
        #expect(pruned.config.widths(ofLayer: 0).channelCount == 1536)
        #expect(pruned.config.widths(ofLayer: 3).channelCount == 1216)
        #expect(!pruned.network.isUniform)

        let tokens = model.tokenizer.encode("The Eiffel Tower is located in the city of Paris.")
        var masked: any Pruner = plan.pruner
        var dense: any Pruner = DensePruner()
        func evaluator(_ model: LoadedModel) -> PerplexityEvaluator {
            PerplexityEvaluator(
                model: model.network,
                contextLength: tokens.count,
                batchSize: 1,
                maskScope: .batch
            )
        }
        let expected = try evaluator(model).logits(of: tokens, pruner: &masked)
        let found = try evaluator(pruned).logits(of: tokens, pruner: &dense)
        try #require(found.rowCount == expected.rowCount && found.width == expected.width)
        // o and down went through half precision: a relative error of 5e-4 a weight.
        var largest: Float = 0
        for index in 0..<found.rowCount {
            let (left, right) = (found.row(index), expected.row(index))
            for column in left.indices { largest = max(largest, abs(left[column] - right[column])) }
        }
        #expect(largest < 0.05)
    }

    @Test("a file that cannot be written leaves nothing behind")
    func unwritable() async throws {
        let model = try await ModelFixture.f32()
        let source = try ModelFile(path: model.path)
        let writer = try PrunedModelFile(file: source, plan: StaticPlan(masks: [:])).writer()
        #expect(throws: ModelFileError.self) {
            try writer.write(to: URL(filePath: "/nonexistent/pruned.gguf"))
        }
    }
}
