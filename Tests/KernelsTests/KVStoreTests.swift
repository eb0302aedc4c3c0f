import Testing

@testable import Kernels

@Suite("KVStore")
struct KVStoreTests {
    @Test(
        "refuses sizes that overflow",
        arguments: [
            [Int.max, 1, 16, 1, 1], [1 << 20, 1 << 20, 1 << 20, 1, 1], [1, .max, 16, 1, 1],
            [1, 1, 1 << 60, 1, 1], [2, 1, 16, .max / 8, 512],
        ]
    )
    func refusesOverflow(sizes: [Int]) {
        #expect(throws: KernelError.outOfMemory(byteCount: .max)) { try Self.make(sizes) }
    }

    @Test("reports how much memory the system refuses")
    func refusesTooMuch() {
        #expect(throws: KernelError.outOfMemory(byteCount: 1 << 60)) {
            try Self.make([1, 1 << 40, 1 << 11, 1, 64])
        }
    }

    @Test("maps keys and values of all layers, and needs memory only where it is written")
    func mapsAll() throws {
        for (format, size) in [(KVFormat.f32, 4), (.bf16, 2)] {
            let small = try KVStore(
                layerCount: 2,
                blockCount: 3,
                blockSize: 48,
                kvHeadCount: 7,
                headDimension: 11,
                format: format
            )
            // A head of 11 takes the room of one of 16.
            #expect(small.byteCount == 2 * size * 2 * 3 * 48 * 7 * 16)
        }
        // 256 GiB.
        let large = try KVStore(
            layerCount: 32,
            blockCount: 1 << 20,
            blockSize: 16,
            kvHeadCount: 1,
            headDimension: 64
        )
        #expect(large.byteCount == 1 << 38)
    }

    private static func make(_ sizes: [Int]) throws(KernelError) {
        _ = try KVStore(
            layerCount: sizes[0],
            blockCount: sizes[1],
            blockSize: sizes[2],
            kvHeadCount: sizes[3],
            headDimension: sizes[4]
        )
    }
}
