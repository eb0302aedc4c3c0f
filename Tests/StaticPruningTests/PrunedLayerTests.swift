import ProbeScheduler
import Testing

@testable import StaticPruning

@Suite("PrunedLayer")
struct PrunedLayerTests {
    /// Four heads of width 2 on two key-value heads, three channels.
    private let shape = ModelShape(
        layerCount: 1,
        hiddenSize: 2,
        headCount: 4,
        kvHeadCount: 2,
        headDimension: 2,
        channelCount: 3
    )

    private func layer(heads: [Float], keeping count: Int) throws -> PrunedLayer {
        let mask = try ChannelMask(keepingTop: count, of: heads)
        return PrunedLayer(0, of: shape, plan: StaticPlan(masks: [.attention(layer: 0): mask]))
    }

    @Test("one head of each group leaves the file")
    func balanced() throws {
        // Heads 1 and 2 stay: one of each key-value head's two.
        let layer = try layer(heads: [1, 2, 2, 1], keeping: 2)
        #expect(layer.headCount == 2)
        #expect(layer.queryRows == [2, 3, 4, 5])
        #expect(layer.outputColumns == [2, 3, 4, 5])
        #expect(layer.channels == [0, 1, 2])
    }

    @Test("a group that loses more is filled up with removed heads that add nothing")
    func filled() throws {
        // Heads 0, 1 and 3 stay; head 2 fills its group, behind head 3.
        let layer = try layer(heads: [2, 2, 1, 2], keeping: 3)
        #expect(layer.headCount == 4)
        #expect(layer.queryRows == [0, 1, 2, 3, 6, 7, 4, 5])
        #expect(layer.outputColumns == [0, 1, 2, 3, 6, 7, nil, nil])
    }

    @Test("a group without a kept head keeps a head that adds nothing")
    func emptyGroup() throws {
        let layer = try layer(heads: [1, 2, 1, 1], keeping: 1)
        #expect(layer.headCount == 2)
        #expect(layer.queryRows == [2, 3, 4, 5])
        #expect(layer.outputColumns == [2, 3, nil, nil])
    }

    @Test("without a mask everything stays")
    func whole() {
        let layer = PrunedLayer(0, of: shape, plan: StaticPlan(masks: [:]))
        #expect(layer.headCount == 4)
        #expect(layer.outputColumns == (0..<8).map { $0 })
    }
}
