import ProbeScheduler
import Testing

@Suite("BlockPool")
struct BlockPoolTests {
    @Test("gives out each block once, lowest first")
    func allocation() {
        var pool = BlockPool(blockCount: 4)
        #expect(pool.allocate(3) == [0, 1, 2])
        #expect(pool.freeCount == 1)
        #expect(pool.allocate(0) == [])
        #expect(pool.allocate(1) == [3])
        #expect(pool.blockCount == 4)
    }

    @Test("takes nothing when there are fewer than asked for")
    func shortage() {
        var pool = BlockPool(blockCount: 2)
        #expect(pool.allocate(3) == nil)
        #expect(pool.freeCount == 2)
        #expect(pool.allocate(2) == [0, 1])
        #expect(pool.allocate(1) == nil)
    }

    @Test("blocks given back are given out next, in the same order")
    func release() {
        var pool = BlockPool(blockCount: 4)
        #expect(pool.allocate(3) == [0, 1, 2])
        pool.release([0, 1])
        pool.release([])
        #expect(pool.freeCount == 3)
        #expect(pool.allocate(3) == [0, 1, 3])
    }

    @Test("a block given back twice stops the program")
    func doubleRelease() async {
        await #expect(processExitsWith: .failure) {
            var pool = BlockPool(blockCount: 1)
            pool.release([0])
        }
    }
}
