import Testing

@testable import LoadGenerator

@Suite("Distribution")
struct DistributionTests {
    @Test("percentiles are linear between neighbours: checked by hand")
    func handComputed() throws {
        // Ranks of 10 numbers: p50 at 4.5, p90 at 8.1, p99 at 8.91.
        let distribution = try #require(Distribution([10, 1, 9, 2, 8, 3, 7, 4, 6, 5]))
        #expect(distribution.count == 10)
        #expect(distribution.mean == 5.5)
        #expect(distribution.p50 == 5.5)
        #expect(abs(distribution.p90 - 9.1) < 1e-12)
        #expect(abs(distribution.p99 - 9.91) < 1e-12)
        #expect(distribution.max == 10)
    }

    @Test("a single number is every percentile")
    func single() throws {
        let distribution = try #require(Distribution([7]))
        #expect(
            [distribution.p50, distribution.p90, distribution.p99, distribution.max] == [
                7, 7, 7, 7,
            ]
        )
    }

    @Test("an odd count has its middle as median")
    func odd() throws {
        #expect(try #require(Distribution([30, 10, 20])).p50 == 20)
    }

    @Test("nothing has no distribution")
    func empty() {
        #expect(Distribution([]) == nil)
    }
}
