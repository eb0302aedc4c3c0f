import Foundation
import Testing

@testable import ModelFiles

@Suite("Layer widths")
struct LayerWidthTests {
    private func int32s(_ values: [Int32]) -> GGUFWriter.Value {
        var bytes: [UInt8] = []
        for word in [5, UInt32(values.count), 0] + values.map(UInt32.init(bitPattern:)) {
            for shift in stride(from: UInt32(0), to: 32, by: 8) {
                bytes.append(UInt8(truncatingIfNeeded: word >> shift))
            }
        }
        return .raw(9, bytes)
    }

    /// Two layers of four and two heads, six and three channels.
    private func layered() -> TinyLlama {
        var model = TinyLlama()
        model.rename(to: "deci")
        model.set("deci.attention.head_count", int32s([4, 2]))
        model.set("deci.attention.key_length", .uint32(2))
        model.set("deci.feed_forward_length", int32s([6, 3]))
        model.setTensor("blk.1.attn_q.weight", [8, 4])
        model.setTensor("blk.1.attn_output.weight", [4, 8])
        model.setTensor("blk.1.ffn_gate.weight", [8, 3])
        model.setTensor("blk.1.ffn_up.weight", [8, 3])
        model.setTensor("blk.1.ffn_down.weight", [3, 8])
        return model
    }

    private func config(_ model: TinyLlama) throws -> ModelConfig {
        try ModelConfig(GGUF(bytes: model.writer.bytes))
    }

    @Test("every layer has its own, and the model the largest")
    func reads() throws {
        let config = try config(layered())
        #expect(config.headCount == 4)
        #expect(config.channelCount == 6)
        #expect(config.widths(ofLayer: 0) == LayerWidths(headCount: 4, channelCount: 6))
        #expect(config.widths(ofLayer: 1) == LayerWidths(headCount: 2, channelCount: 3))
    }

    @Test("arrays of one width are as good as one number")
    func uniform() throws {
        var model = TinyLlama()
        model.set("llama.attention.head_count", int32s([4, 4]))
        #expect(try config(model).layerWidths == nil)
    }

    @Test(
        "refuses arrays that are too short, too long, empty or out of range",
        arguments: [[4], [4, 2, 2], [], [4, 0], [4, -2], [4, 3], [4, 1 << 20]] as [[Int32]]
    )
    func refusesHeads(heads: [Int32]) {
        var model = layered()
        model.set("deci.attention.head_count", int32s(heads))
        #expect(throws: ModelFileError.self) { try config(model) }
    }

    @Test("refuses channels that the tensors do not have", arguments: [[6, 0], [6, 4], [3, 6]])
    func refusesChannels(channels: [Int32]) {
        var model = layered()
        model.set("deci.feed_forward_length", int32s(channels))
        #expect(throws: ModelFileError.self) { try config(model) }
    }

    @Test("refuses an array of something else")
    func refusesText() {
        var model = layered()
        model.set("deci.feed_forward_length", .strings(["6", "3"]))
        #expect(throws: ModelFileError.self) { try config(model) }
    }

    @Test("a written file reads back as it was")
    func roundTrip() throws {
        let gguf = try GGUF(bytes: layered().writer.bytes)
        let url = FileManager.default.temporaryDirectory
            .appending(path: "round-trip-\(UUID().uuidString).gguf")
        defer { try? FileManager.default.removeItem(at: url) }
        let writer = GGUFFileWriter(
            metadata: gguf.metadata,
            tensors: gguf.tensors.map { GGUFFileWriter.Tensor($0, of: gguf) }
        )
        let byteCount = try writer.write(to: url)
        let copy = try GGUF(path: url.path)
        #expect(copy.metadata == gguf.metadata)
        #expect(copy.tensors.map(\.name) == gguf.tensors.map(\.name))
        #expect(copy.tensors.map(\.dimensions) == gguf.tensors.map(\.dimensions))
        #expect(copy.file.count == byteCount)
    }
}
