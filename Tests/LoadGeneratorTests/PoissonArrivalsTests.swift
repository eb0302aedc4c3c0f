import Testing

@testable import LoadGenerator

@Suite("PoissonArrivals")
struct PoissonArrivalsTests {
    /// The same numbers everywhere (Knuth's MMIX constants, the upper half of the state).
    private struct Generator: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            func half() -> UInt64 {
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                return state >> 32
            }
            return half() << 32 | half()
        }
    }

    @Test("the same seed gives the same times, ascending from zero; another gives others")
    func seeded() {
        let process = PoissonArrivals(rate: 5)
        var generators = [Generator(state: 1), Generator(state: 1), Generator(state: 2)]
        let times = generators.indices.map { process.times(50, using: &generators[$0]) }
        #expect(times[0] == times[1])
        #expect(times[0] != times[2])
        #expect(times[0].first == .zero)
        #expect(times[0] == times[0].sorted())
    }

    @Test("gaps have the mean and the deviation of an exponential distribution")
    func moments() {
        var generator = Generator(state: 7)
        let times = PoissonArrivals(rate: 4).times(20_001, using: &generator)
        let gaps = zip(times.dropFirst(), times).map { ($0 - $1) / .seconds(1) }
        let mean = gaps.reduce(0, +) / Double(gaps.count)
        let variance = gaps.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(gaps.count)
        #expect(abs(mean - 0.25) < 0.01)
        #expect(abs(variance.squareRoot() - 0.25) < 0.02)
    }

    @Test("no arrivals are none")
    func none() {
        var generator = Generator(state: 1)
        #expect(PoissonArrivals(rate: 1).times(0, using: &generator).isEmpty)
    }
}
