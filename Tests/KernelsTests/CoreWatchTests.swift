import Foundation
import Testing

@testable import Kernels

@Suite("CoreWatch")
struct CoreWatchTests {
    @Test("a core is shared while its thread is preempted often, and its own again afterwards")
    func rates() {
        let start = ContinuousClock.now
        var watch = CoreWatch(now: start, preemptions: 100)
        // Each: milliseconds since the start, preemptions in all, and what follows.
        for (time, count, isShared) in [
            (10, 150, false),  // Too soon to say.
            (60, 105, false),  // 5 in 60 ms.
            (120, 120, true),  // 15 in 60 ms.
            (130, 120, true),
            (1_120, 270, false),  // 150 in a second are not more than 150.
            (2_120, 421, true),
            (60_000, 430, false),
        ] {
            watch.update(now: start + .milliseconds(time), preemptions: count)
            #expect(watch.isShared == isShared, "after \(time) ms")
        }
    }

    @Test("a thread that sleeps has its core to itself")
    func sleeper() {
        var watch = CoreWatch()
        usleep(60_000)
        watch.update()
        #expect(!watch.isShared)
    }
}
