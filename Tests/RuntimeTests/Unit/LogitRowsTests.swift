import Testing

@testable import ProbeScheduler
@testable import Runtime

@Suite("LogitRows")
struct LogitRowsTests {
    /// Ten tokens of one prompt from position 4 on, and the last three of another.
    private static func batch(_ phase: Batch.Phase) -> Batch {
        Batch(
            phase: phase,
            maskClass: .dense,
            chunks: [
                Batch.Chunk(id: RequestID(1), tokens: 4..<14, samples: false),
                Batch.Chunk(id: RequestID(2), tokens: 7..<10, samples: true),
            ]
        )
    }

    private static let layout = BatchLayout(lengths: [10, 3], firstPositions: [4, 7])

    @Test("the last token of each sequence that samples, and nothing of the others")
    func sampling() {
        for phase in [Batch.Phase.prefill, .decode] {
            let rows = LogitRows(Self.batch(phase), Self.layout) { _ in 0..<0 }
            #expect(rows.rows == [12])
            #expect(rows.sampling.map(\.id) == [RequestID(2)])
            #expect(rows.sampling.map(\.index) == [0])
            #expect(rows.scored.isEmpty)
        }
    }

    @Test("scored positions come in order, and the last one serves for sampling, too")
    func scored() {
        let rows = LogitRows(Self.batch(.prefill), Self.layout) {
            $0.id == RequestID(1) ? 6..<9 : 8..<10
        }
        #expect(rows.rows == [2, 3, 4, 11, 12])
        #expect(rows.scored.map(\.positions) == [6..<9, 8..<10])
        #expect(rows.scored.map(\.first) == [0, 3])
        #expect(rows.sampling.map(\.index) == [4])
    }

    @Test("a position that is scored before the last leaves the last its own row")
    func scoredBeforeLast() {
        let rows = LogitRows(Self.batch(.prefill), Self.layout) {
            $0.id == RequestID(2) ? 7..<9 : 0..<0
        }
        #expect(rows.rows == [10, 11, 12])
        #expect(rows.sampling.map(\.index) == [2])
    }

    @Test("decode steps score nothing")
    func decode() {
        let rows = LogitRows(Self.batch(.decode), Self.layout) { $0.tokens }
        #expect(rows.rows == [12])
    }
}
