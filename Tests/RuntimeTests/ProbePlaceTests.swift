import Kernels
import ProbeScheduler
import TestSupport
import Testing

@testable import Runtime

@Suite("Probe place")
struct ProbePlaceTests {
    /// Runs dense, and writes down what it is shown.
    private struct Recorder: Pruner {
        let probePlace: ProbePlace
        /// Squared norm of the first row's residual and of its normed row, by block.
        var seen: [[Float]] = []

        mutating func mask(
            for block: PrunableBlock,
            squaredNorms: [Float],
            normedSquaredNorms: () -> [Float],
            layout: BatchLayout,
            compute: Compute,
            firstHalf: (ProbeSelection, inout Activations) -> Void
        ) -> ChannelMask? {
            seen.append([squaredNorms[0], normedSquaredNorms()[0]])
            return nil
        }
    }

    private func run(_ place: ProbePlace, _ model: LoadedModel) throws -> ([[Float]], [Float]) {
        let network = model.network
        var pruner = Recorder(probePlace: place)
        let (workspace, _) = try network.pass(over: [[1, 2, 3]], pruner: &pruner)
        var norms: [Float] = []
        network.compute.rowSquaredNorms(workspace.normed, into: &norms)
        return (pruner.seen, norms)
    }

    @Test("an earlier probe sees the residual of the block before, and the pass stays the same")
    func earlier() async throws {
        let model = try await ModelFixture.f32()
        let (own, ownOutput) = try run(.block, model)
        let (earlier, earlierOutput) = try run(.earlier, model)
        #expect(earlierOutput == ownOutput)
        #expect(earlier[0] == own[0])
        for block in 1..<own.count {
            #expect(earlier[block][0] == own[block - 1][0])
            // Through this block's norm, not that of the block before.
            #expect(earlier[block][1] != own[block - 1][1])
        }
    }
}
