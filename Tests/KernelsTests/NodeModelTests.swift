import Foundation
import ProbeScheduler
import Runtime
import TestSupport
import Testing

@testable import Kernels

/// A whole model over several nodes: this machine's, or two that pretend where it has one.
@Suite("Model over several nodes")
struct NodeModelTests {
    private static let prompts: [[Int32]] = [
        (0..<40).map { 3 + $0 * 5 % 256 }, [1, 80, 90, 100], (0..<17).map { 200 - $0 },
    ]

    private static func model(_ compute: Compute, _ format: WeightFormat) throws -> LoadedModel {
        let folder = FileManager.default.temporaryDirectory
            .appending(path: "tiny-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try TinyModel.write(to: folder)
        return try LoadedModel(path: folder.path, weights: format, compute: compute)
    }

    /// Keeps one head of four, or every third channel, or those of one end.
    private static func masks(_ shape: ModelShape) throws -> [PrunableBlock: ChannelMask] {
        var masks: [PrunableBlock: ChannelMask] = [:]
        for block in shape.blocks {
            let count = Int32(block.kind == .attention ? shape.headCount : shape.channelCount)
            let kept =
                switch block.layer % 3 {
                case 0: Array(0..<count / 4)
                case 1: Array(stride(from: 0, to: count, by: 3))
                default: Array(count * 3 / 4..<count)
                }
            masks[block] = try ChannelMask(kept: kept, channelCount: Int(count))
        }
        return masks
    }

    /// Hidden states of all prompts' tokens after the final norm.
    private static func states(_ model: LoadedModel, _ pruner: some Pruner) throws -> [Float] {
        var pruner = pruner
        return try model.network.pass(over: prompts, pruner: &pruner).workspace.normed.entries
    }

    @Test("a replicated model is the model on one node, bit for bit", arguments: [false, true])
    func replicatesAgree(isPruned: Bool) throws {
        let one = try Self.model(try Compute(threadCount: 1, numa: .off), .int8)
        let several = try Self.model(try Compute(.replicate), .int8)
        #expect(several.network.compute.nodes.isSpread)
        #expect(several.network.weightByteCount > one.network.weightByteCount)
        let masks = isPruned ? try Self.masks(one.network.shape) : [:]
        let expected = try Self.states(one, StaticPruner(masks: masks))
        #expect(try Self.states(several, StaticPruner(masks: masks)).bits == expected.bits)
    }

    @Test(
        "a shared model differs from the model on one node by rounding alone",
        arguments: [WeightFormat.f32, .bf16],
        [false, true]
    )
    func sharedAgrees(format: WeightFormat, isPruned: Bool) throws {
        let one = try Self.model(try Compute(threadCount: 1, numa: .off), format)
        let several = try Self.model(try Compute(.auto), format)
        #expect(several.network.weightByteCount == one.network.weightByteCount)
        let masks = isPruned ? try Self.masks(one.network.shape) : [:]
        let expected = try Self.states(one, StaticPruner(masks: masks))
        let found = try Self.states(several, StaticPruner(masks: masks))
        // States are normed: of the size of 1. Rounding to bf16 makes a step of 2⁻⁸ of any difference.
        let farthest = zip(expected, found).reduce(0) { max($0, abs($1.0 - $1.1)) }
        let rounds = format == .bf16 && InstructionSet.native.roundsToBF16
        #expect(farthest < (rounds ? 0.02 : 1e-3))
        #expect(try Self.states(several, StaticPruner(masks: masks)).bits == found.bits)
    }

    @Test("generates over several nodes", arguments: [NUMAMode.auto, .replicate])
    func generates(mode: NUMAMode) throws {
        let model = try Self.model(try Compute(mode), .int4)
        let first = try Generation.greedy(model, Self.prompts, count: 12)
        #expect(first.allSatisfy { $0.count == 12 })
        #expect(try Generation.greedy(model, Self.prompts, count: 12) == first)
    }
}
