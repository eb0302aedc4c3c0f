import ProbeScheduler
import Testing

@Suite("RatioController")
struct RatioControllerTests {
    private static func controller(base: Double = 0, cap: Double = 0.35) -> RatioController {
        RatioController(base: base, cap: cap, timeToFirstToken: nil, interTokenLatency: 0.1)
    }

    /// Lets intervals pass, each with ten latencies, and tells the ratio after each.
    private static func run(
        _ controller: inout RatioController,
        _ latencies: [Double],
        from start: Double = 0
    ) -> [Double] {
        controller.update(at: start)
        return latencies.enumerated().map { index, latency in
            for _ in 0..<10 { controller.observe(interTokenLatency: latency) }
            controller.update(at: start + Double(index + 1) * RatioController.intervalSeconds)
            return (controller.ratio * 100).rounded() / 100
        }
    }

    @Test("rises a step an interval while the target is missed, never past the cap")
    func rises() {
        var controller = Self.controller()
        #expect(
            Self.run(&controller, [0.2, 0.2, 0.2, 0.2, 0.2, 0.2]) == [
                0.1, 0.2, 0.3, 0.35, 0.35, 0.35,
            ]
        )
        #expect(controller.missedInterTokenCount == 60)
    }

    @Test("falls a step after three intervals of room, never below its base")
    func falls() {
        var controller = Self.controller(base: 0.1)
        let ratios = Self.run(&controller, [0.2] + [Double](repeating: 0.01, count: 7))
        #expect(ratios == [0.2, 0.2, 0.2, 0.1, 0.1, 0.1, 0.1, 0.1])
    }

    @Test("stays where the target is met without much room: it does not swing")
    func hysteresis() {
        var controller = Self.controller()
        let ratios = Self.run(&controller, [0.2] + [Double](repeating: 0.09, count: 20))
        #expect(ratios == [Double](repeating: 0.1, count: 21))
    }

    @Test("an outlier in twenty moves nothing, and between intervals nothing moves")
    func outliers() {
        var controller = Self.controller()
        controller.update(at: 0)
        for _ in 0..<19 { controller.observe(interTokenLatency: 0.01) }
        controller.observe(interTokenLatency: 9)
        controller.update(at: RatioController.intervalSeconds)
        #expect(controller.ratio == 0)
        for _ in 0..<10 { controller.observe(interTokenLatency: 9) }
        controller.update(at: RatioController.intervalSeconds * 1.5)
        #expect(controller.ratio == 0)
    }

    @Test("without a target the ratio is the base, whatever is seen")
    func inactive() {
        var controller = RatioController(
            base: 0.2,
            cap: 0.5,
            timeToFirstToken: nil,
            interTokenLatency: nil
        )
        #expect(!controller.isActive)
        #expect(
            Self.run(&controller, [9, 9, 0, 0, 0, 0, 0, 0]) == [Double](repeating: 0.2, count: 8)
        )
    }

    @Test("one missed target is enough")
    func twoTargets() {
        var controller = RatioController(
            base: 0,
            cap: 0.5,
            timeToFirstToken: 1,
            interTokenLatency: 0.1
        )
        controller.update(at: 0)
        controller.observe(timeToFirstToken: 3)
        for _ in 0..<100 { controller.observe(interTokenLatency: 0.001) }
        controller.update(at: 2.5)
        #expect(controller.ratio == 0.1)
        #expect(controller.missedFirstTokenCount == 1)
    }
}
