import Kernels
import ModelFiles
import Runtime
import TestSupport
import Testing

@Suite("WeightPlan")
struct WeightPlanTests {
    @Test("foretells what the loaded model takes", arguments: WeightFormat.allCases)
    func memory(format: WeightFormat) async throws {
        let model = try await ModelFixture.model(format)
        let file = try ModelFile(path: model.path)
        #expect(WeightPlan(format).byteCount(of: file) == model.network.weightByteCount)
    }

    @Test("keeps embedding, head, o and down at int8 when the rest is int4")
    func int4() {
        let plan = WeightPlan(.int4)
        for name in [
            "token_embd.weight", "position_embd.weight", "output.weight",
            "blk.0.attn_output.weight", "blk.11.ffn_down.weight",
        ] {
            #expect(plan.format(of: name) == .int8, "\(name)")
        }
        for name in ["blk.0.attn_q.weight", "blk.3.ffn_gate.weight", "blk.3.ffn_up.weight"] {
            #expect(plan.format(of: name) == .int4, "\(name)")
            #expect(WeightPlan(.bf16).format(of: name) == .bf16, "\(name)")
        }
    }
}
