import Foundation
import Kernels
import ProbeScheduler
import TestSupport
import Testing

@testable import Runtime

/// Every family of models against Hugging Face's transformers.
@Suite("Architectures", .serialized)
struct ArchitectureTests {
    /// Shares of the logits' spread that f32 sums in another order may differ by.
    private static let tolerance: Float = 1e-4

    @Test("prefill and decode give the reference's logits", arguments: GoldenModel.names, [0, 1])
    func logits(name: String, index: Int) throws {
        let golden = try GoldenModel(named: name)
        let network = try GoldenModel.load(name)
        let run = golden.runs[index]
        #expect((run.masks == nil) == (index == 0))
        var pruner = StaticPruner(masks: try masks(run.masks ?? [], network.shape))
        let passes = try Passes(network)
        let prefill = try passes.run(golden.prompt, &pruner).suffix(run.prefill.count)
        for (found, expected) in zip(prefill, run.prefill) { expectClose(found, expected) }

        expectSameChoice(Array(prefill.last ?? []), run.prefill.last ?? [])
        #expect(run.generated.count == run.decode.count)
        for (token, expected) in zip(run.generated, run.decode) {
            let found = try passes.run([token], &pruner)[0]
            expectClose(found, expected)
            expectSameChoice(found, expected)
        }
    }

    @Test("prefill in chunks equals prefill at once bit for bit", arguments: GoldenModel.names)
    func chunks(name: String) throws {
        let golden = try GoldenModel(named: name)
        let network = try GoldenModel.load(name)
        var pruner = DensePruner()
        let whole = try Passes(network)
        let expected = try whole.run(golden.prompt, &pruner)
        for size in [1, 7, 17] {
            let passes = try Passes(network)
            var found: [[Float]] = []
            for first in stride(from: 0, to: golden.prompt.count, by: size) {
                let end = min(first + size, golden.prompt.count)
                found += try passes.run(Array(golden.prompt[first..<end]), &pruner)
            }
            #expect(found == expected, "chunks of \(size)")
        }
    }

    @Test(
        "a mask of everything, and Probe Pruning at ratio 0, equal dense bit for bit",
        arguments: GoldenModel.names
    )
    func keepingAll(name: String) throws {
        let golden = try GoldenModel(named: name)
        let network = try GoldenModel.load(name)
        let shape = network.shape
        func logits(_ pruner: some Pruner) throws -> [[Float]] {
            var pruner = pruner
            let passes = try Passes(network)
            return try passes.run(golden.prompt, &pruner)
        }
        let dense = try logits(DensePruner())
        let all = GoldenModel.Mask(
            heads: (0..<Int32(shape.headCount)).map(\.self),
            channels: (0..<Int32(shape.channelCount)).map(\.self)
        )
        let full = Array(repeating: all, count: shape.layerCount)
        #expect(try logits(StaticPruner(masks: masks(full, shape))) == dense)
        #expect(try logits(prober(network, ratio: 0, tokenRatio: 0.5)) == dense)
    }

    @Test("Probe Pruning keeps what a recomputation keeps", arguments: GoldenModel.names)
    func probe(name: String) throws {
        let golden = try GoldenModel(named: name)
        let network = try GoldenModel.load(name)
        let expected = golden.probe
        var pruner: ProbePruner = prober(
            network,
            ratio: expected.ratio,
            tokenRatio: expected.tokenRatio
        )
        var found: [PrunableBlock: [Int32]] = [:]
        pruner.onDecision = { found[$0.block] = $0.mask.kept }
        let passes = try Passes(network)
        let logits = try passes.run(golden.prompt, &pruner).last ?? []
        for (layer, mask) in expected.masks.enumerated() {
            #expect(found[.attention(layer: layer)] == mask?.heads, "heads of layer \(layer)")
            #expect(found[.mlp(layer: layer)] == mask?.channels, "channels of layer \(layer)")
        }
        expectClose(logits, expected.logits)
    }

    // MARK: - Parts

    private func prober(_ network: CausalLM, ratio: Double, tokenRatio: Double) -> ProbePruner {
        ProbePruner(
            shape: network.shape,
            norms: network.norms,
            policy: RatioPolicy(
                nominalRatio: ratio,
                skippedLayerCount: 1,
                channelMultiple: 1,
                rescales: false
            ),
            configuration: ProbeConfiguration(tokenRatio: tokenRatio, sampleRatio: 1),
            history: nil
        )
    }

    private func masks(
        _ layers: [GoldenModel.Mask],
        _ shape: ModelShape
    ) throws -> [PrunableBlock: ChannelMask] {
        var masks: [PrunableBlock: ChannelMask] = [:]
        for (layer, mask) in layers.enumerated() {
            masks[.attention(layer: layer)] = try ChannelMask(
                kept: mask.heads,
                channelCount: shape.headCount
            )
            masks[.mlp(layer: layer)] = try ChannelMask(
                kept: mask.channels,
                channelCount: shape.channelCount
            )
        }
        return masks
    }

    /// The largest logit less the smallest.
    private func spread(_ logits: [Float]) -> Float { (logits.max() ?? 0) - (logits.min() ?? 0) }

    private func expectClose(_ found: [Float], _ expected: [Float]) {
        #expect(found.count == expected.count)
        let difference = zip(found, expected).map { abs($0 - $1) }.max() ?? .infinity
        let share = difference / spread(expected)
        #expect(share < Self.tolerance, "off by \(share) of the spread")
    }

    /// The same token is the most likely, where the margin leaves no doubt.
    private func expectSameChoice(_ found: [Float], _ expected: [Float]) {
        let ranked = expected.indices.sorted { expected[$0] > expected[$1] }
        let margin = expected[ranked[0]] - expected[ranked[1]]
        guard margin > 2 * Self.tolerance * spread(expected) else { return }
        #expect(found.indices.max { found[$0] < found[$1] } == ranked[0])
    }
}
