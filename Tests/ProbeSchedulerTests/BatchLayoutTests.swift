import Testing

@testable import ProbeScheduler

@Suite("BatchLayout")
struct BatchLayoutTests {
    @Test("samples follow each other without a gap")
    func rows() {
        let layout = BatchLayout(lengths: [2, 0, 3], firstPositions: [5, 0, 1])
        #expect(layout.rowCount == 5)
        #expect(layout.samples.map(\.rows) == [0..<2, 2..<2, 2..<5])
        #expect(layout.positions == [5, 6, 1, 2, 3])
        #expect(layout.positionLimit == 7)
        #expect(layout.sampleOfRow == [0, 0, 2, 2, 2])
        #expect(layout.sampleCounts == [0, 1, 1, 1, 0, 1, 1])
    }

    @Test("a part has the samples that reach into it, at their positions")
    func part() {
        let layout = BatchLayout(lengths: [4, 0, 3, 2], firstPositions: [5, 0, 1, 0])
        #expect(layout.part(0..<9) == BatchLayout(lengths: [4, 3, 2], firstPositions: [5, 1, 0]))
        #expect(layout.part(2..<6) == BatchLayout(lengths: [2, 2], firstPositions: [7, 1]))
        #expect(layout.part(5..<6) == BatchLayout(lengths: [1], firstPositions: [2]))
        #expect(layout.part(3..<3).rowCount == 0)
    }

    @Test("an empty batch has no positions")
    func empty() {
        let layout = BatchLayout(samples: [])
        #expect(layout.rowCount == 0)
        #expect(layout.positionLimit == 0)
        #expect(layout.sampleCounts.isEmpty)
    }

    @Test("a mask of heads keeps all columns of each, a mask of channels its own")
    func consumerColumns() throws {
        let shape = ModelShape.tiny(heads: 3, headDimension: 2, channels: 4)
        let heads = try ChannelMask(kept: [0, 2], channelCount: 3)
        #expect(shape.consumerColumns(of: heads, .attention) == [0, 1, 4, 5])
        let channels = try ChannelMask(kept: [1, 3], channelCount: 4)
        #expect(shape.consumerColumns(of: channels, .mlp) == [1, 3])
        #expect(shape.consumerColumns(of: nil, .mlp) == nil)
        #expect(shape.consumerWidth(.attention) == 6)
        #expect(shape.consumerWidth(.mlp) == 4)
    }
}
