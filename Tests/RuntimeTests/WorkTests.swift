import Kernels
import ProbeScheduler
import Runtime
import TestSupport
import Testing

/// What a pass says that it ran, against what the kernels counted; and that threads do not matter.
@Suite("Work", .serialized)
struct WorkTests {
    /// Twenty sequences of different lengths.
    private let prompts: [[Int32]]

    init() {
        var random = SplitMix64(seed: 9)
        prompts = (0..<20).map { index in
            (0..<20 + index).map { _ in TinyModel.firstByteToken + Int32(random.next() % 256) }
        }
    }

    private let policy = RatioPolicy(nominalRatio: 0.4, skippedLayerCount: 1, channelMultiple: 8)

    /// One pass over all prompts.
    private func run(
        _ network: CausalLM,
        _ pruner: any Pruner
    ) throws -> (report: ForwardReport, counted: Int, states: [Float]) {
        var pruner = pruner
        let before = network.compute.multiplyAddCount
        var (workspace, report) = try network.pass(over: prompts, pruner: &pruner)
        let counted = network.compute.multiplyAddCount - before
        var logits = Activations()
        network.logits(of: [5, 100], workspace: workspace, into: &logits, report: &report)
        return (report, counted, (0..<logits.span.count).map { logits.span[$0] })
    }

    @Test("multiply-adds are reported as the kernels counted them, dense and pruned")
    func count() throws {
        let network = try TinyModel.load().network
        let dense = try run(network, DensePruner())
        #expect(dense.report.multiplyAdds.dense == dense.counted)
        #expect(dense.report.multiplyAdds.executed == dense.counted)
        for method in Prober.allCases {
            let found = try run(network, method.pruner(network, policy: policy))
            let work = found.report.multiplyAdds
            #expect(work.dense == dense.counted)
            #expect(work.executed + work.probe == found.counted)
            #expect(found.counted < dense.counted)
        }
    }

    @Test("masks and results do not depend on the number of threads", arguments: Prober.allCases)
    func threads(method: Prober) throws {
        var masks: [[ChannelMask]] = []
        var states: [[UInt32]] = []
        for threadCount in [1, 3] {
            let network = try TinyModel.load(threadCount: threadCount).network
            let pruner = method.pruner(network, policy: policy)
            var found: [ChannelMask] = []
            pruner.onDecision = { found.append($0.mask) }
            states.append(try run(network, pruner).states.map(\.bitPattern))
            masks.append(found)
        }
        #expect(!masks[0].isEmpty && masks[0] == masks[1])
        #expect(states[0] == states[1])
    }

    @Test("a step says when each layer has run")
    func layers() throws {
        let model = try TinyModel.load()
        let engine = try Engine(
            model: model,
            pruning: .dense,
            configuration: SchedulerConfiguration(
                maxNumSeqs: 1,
                maxNumBatchedTokens: 64,
                maxModelLength: 64,
                blockSize: KVCache.defaultBlockSize,
                blockCount: 4,
                maskScope: .batch
            )
        )
        var count = 0
        engine.onLayer = { count += 1 }
        try engine.add(
            Request(id: RequestID(0), promptTokens: prompts[0], sampling: SamplingParameters())
        )
        _ = try engine.step()
        #expect(count == model.network.shape.layerCount)
    }
}
