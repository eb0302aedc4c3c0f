import CNuma
import Foundation
import Synchronization
import Testing

@testable import Kernels

/// Where pages and threads really are: for machines with several nodes (`make test-numa`).
@Suite(
    "Placement on nodes",
    .enabled(if: SeveralNodes.areReal, "needs several memory nodes: run make test-numa")
)
struct NodePlacementTests {
    /// The nodes that pages lie on; negative: untouched.
    private static func nodes(
        ofPagesFrom start: UInt,
        byteCount: Int
    ) -> [(offset: Int, node: Int)] {
        let page = NodePages.pageByteCount
        let first = start / UInt(page) * UInt(page)
        let before = Int(start - first)
        let count = (before + byteCount + page - 1) / page
        var pages: [UnsafeMutableRawPointer?] = unsafe (0..<count).map {
            unsafe UnsafeMutableRawPointer(bitPattern: first + UInt($0 * page))
        }
        var status = [Int32](repeating: .min, count: count)
        // SAFETY: with no target nodes the call only writes `count` states.
        let code = unsafe numa_move_pages(0, UInt(count), &pages, nil, &status, 0)
        #expect(code == 0, "move_pages: \(errno)")
        return status.enumerated().map { ($0 * page - before, Int($1)) }
    }

    /// The node that the policy of an address names.
    private static func policy(at address: UInt) -> Int? {
        guard let mask = unsafe numa_allocate_nodemask() else { return nil }
        // SAFETY: the mask is ours until it is freed; the call writes it and reads the policy alone.
        defer { unsafe numa_free_nodemask(mask) }
        var mode: Int32 = -1
        let code = unsafe get_mempolicy(
            &mode,
            mask.pointee.maskp,
            mask.pointee.size + 1,
            UnsafeMutableRawPointer(bitPattern: address),
            UInt32(MPOL_F_ADDR)
        )
        guard code == 0, mode == MPOL_PREFERRED else { return nil }
        return (0...Int(numa_max_node())).first {
            unsafe numa_bitmask_isbitset(mask, UInt32($0)) != 0
        }
    }

    private static func matrix(
        _ format: WeightFormat,
        _ rowCount: Int,
        _ columnCount: Int,
        _ compute: Compute
    ) -> WeightMatrix {
        WeightMatrix(
            format: format,
            rowCount: rowCount,
            columnCount: columnCount,
            compute: compute
        ) { row, span in
            span[row % columnCount] = 1
        }
    }

    @Test("the machine is the one that was asked for")
    func seesMachine() throws {
        let topology = Topology.current
        if let count = ProcessInfo.processInfo.environment["SONDE_TEST_NODES"] {
            #expect(topology.nodes.count == Int(count))
        }
        for node in topology.nodes {
            for core in node.cores { #expect(numa_node_of_cpu(Int32(core)) == Int32(node.id)) }
            #expect(node.distances.enumerated().allSatisfy { ($1 == 10) == ($0 == node.id) })
        }
    }

    @Test(
        "every page of a matrix lies on the node that has its rows",
        arguments: WeightFormat.allCases,
        [(333, 576), (4_100, 96)]
    )
    func placesRows(format: WeightFormat, shape: (rows: Int, columns: Int)) throws {
        let compute = try Compute(.auto)
        let matrix = Self.matrix(format, shape.rows, shape.columns, compute)
        let rows = try #require(matrix.rowShares)
        try expectPages(of: matrix, rows, compute, slack: NodePages.pageByteCount / 2)
    }

    @Test("a large matrix lies on its nodes too, in bounds of huge pages")
    func placesLargeMatrix() throws {
        let compute = try Compute(.auto)
        // Shares of 33 MiB.
        let rows = 33 * compute.nodes.parts.count * 64
        let matrix = WeightMatrix(
            format: .f32,
            rowCount: rows,
            columnCount: 4_096,
            compute: compute
        ) { row, span in span[0] = Float(row) }
        let shares = try #require(matrix.rowShares)
        try expectPages(of: matrix, shares, compute, slack: HugePage.byteCount / 2)
    }

    /// Expects every page on the node of its rows; within `slack` of a bound it may be the neighbour.
    private func expectPages(
        of matrix: WeightMatrix,
        _ rows: NodeShares,
        _ compute: Compute,
        slack: Int
    ) throws {
        let bytes = rows.scaled(by: matrix.format.rowByteCount(matrix.columnCount))
        let base = unsafe UInt(bitPattern: matrix.base)
        var wrong: [String] = []
        for (offset, node) in Self.nodes(ofPagesFrom: base, byteCount: bytes.count) {
            let near = Set(
                [offset + slack - 1, offset + NodePages.pageByteCount - slack - 1].map {
                    compute.nodes.parts[bytes.node(of: min(max($0, 0), bytes.count - 1))].node
                }
            )
            if !near.contains(node) { wrong.append("byte \(offset) on \(node), not \(near)") }
        }
        #expect(wrong.isEmpty)
        // Each node really has its part.
        for (index, part) in compute.nodes.parts.enumerated() {
            let middle = bytes[index].lowerBound + bytes[index].count / 2
            #expect(Self.policy(at: base + UInt(middle)) == part.node)
        }
    }

    @Test("each node has a copy of a replicated matrix, and its workers read that one")
    func placesCopies() throws {
        let compute = try Compute(.replicate)
        let parts = compute.nodes.parts
        let matrix = Self.matrix(.int8, 333, 576, compute)
        let byteCount = 333 * WeightFormat.int8.rowByteCount(576)
        var seen: Set<UInt> = []
        for (index, part) in parts.enumerated() {
            let base = try #require(
                onCores(part.cores) {
                    #expect(compute.nodes.currentPart == index)
                    return unsafe UInt(bitPattern: matrix.base)
                }
            )
            seen.insert(base)
            let pages = Self.nodes(ofPagesFrom: base, byteCount: byteCount)
            #expect(pages.allSatisfy { $0.node == part.node })
        }
        #expect(seen.count == parts.count)
    }

    @Test("keys and values lie on the node of their head", arguments: [NUMAMode.auto, .replicate])
    func placesCache(mode: NUMAMode) throws {
        let compute = try Compute(mode)
        let (heads, width, blocks, layers) = (5, 64, 40, 2)
        var store = try KVStore(
            layerCount: layers,
            blockCount: blocks,
            blockSize: 16,
            kvHeadCount: heads,
            headDimension: width,
            nodes: compute.nodes
        )
        let slots = (0..<Int32(blocks * 16)).map(\.self)
        for layer in 0..<layers {
            let rows = Activations(rowCount: slots.count, width: heads * width)
            compute.write(keys: rows, values: rows, slots: slots, to: &store, layer: layer)
        }
        #expect(store.headShares.count == heads)
        for head in 0..<heads {
            let part = compute.nodes.parts[store.headShares.node(of: head)]
            for (block, layer) in [(0, 0), (blocks - 1, layers - 1), (blocks / 2, 1)] {
                let place = unsafe store.block(block, layer: layer, kvHead: head)
                let starts = unsafe [UInt(bitPattern: place.keys), UInt(bitPattern: place.values)]
                for start in starts {
                    let pages = Self.nodes(ofPagesFrom: start, byteCount: 16 * width * 4)
                    #expect(pages.allSatisfy { $0.node == part.node }, "head \(head)")
                }
            }
        }
    }

    @Test("workers run on their nodes' cores", arguments: [1, 2])
    func bindsWorkers(workersPerCore: Int) throws {
        let cores = Topology.current.nodes.flatMap(\.cores).count
        let nodeCount = SeveralNodes.plan(.auto, threadCount: cores).parts.count
        for threadCount in [nodeCount, cores * workersPerCore] {
            let compute = try Compute(.auto, threadCount: threadCount)
            let caller = pthread_self()
            let bound = Mutex<[[Int]]>([])
            let arrived = Atomic<Int>(0)
            // Each task waits for all, so that each worker has one.
            compute.pool.run(taskCount: threadCount) { _ in
                arrived.add(1, ordering: .sequentiallyConsistent)
                let deadline = ContinuousClock.now + .seconds(60)
                while arrived.load(ordering: .sequentiallyConsistent) < threadCount {
                    if ContinuousClock.now > deadline { return }
                    usleep(200)
                }
                guard pthread_equal(pthread_self(), caller) == 0 else { return }
                let usable = WorkerPlacement.usableCores
                #expect(usable.contains(Int(sched_getcpu())))
                bound.withLock { $0.append(usable) }
            }
            // The caller is the first of the first node's.
            let expected = compute.nodes.parts.flatMap { part in
                (0..<part.workerCount).map {
                    part.workerCount == part.cores.count ? [part.cores[$0]] : part.cores
                }
            }.dropFirst()
            #expect(bound.withLock { $0 }.sorted { $0[0] < $1[0] } == Array(expected))
        }
    }

    @Test("workers take their own node's tasks first")
    func prefersOwnTasks() throws {
        let compute = try Compute(.auto)
        let nodes = compute.nodes
        let each = 40
        let shares = NodeShares(counts: nodes.parts.map { _ in each })
        let own = Atomic<Int>(0)
        compute.pool.run(taskCount: shares.count, shares: shares) { task in
            if nodes.currentPart == shares.node(of: task) { own.add(1, ordering: .relaxed) }
            usleep(2_000)
        }
        // All but those that a node with less to do, or quicker, took off another.
        #expect(own.load(ordering: .relaxed) > shares.count * 2 / 3)
        // A node whose share is empty does not idle.
        let all = NodeShares(counts: nodes.parts.indices.map { $0 == 0 ? each : 0 })
        let helped = Atomic<Int>(0)
        compute.pool.run(taskCount: all.count, shares: all) { _ in
            if nodes.currentPart != 0 { helped.add(1, ordering: .relaxed) }
            usleep(2_000)
        }
        #expect(helped.load(ordering: .relaxed) > 0)
    }

    /// What `body` gives on a thread that is bound to cores.
    private func onCores<T: Sendable>(
        _ cores: [Int],
        _ body: @escaping @Sendable () -> T
    ) -> T? {
        let result = Mutex<T?>(nil)
        let isDone = DispatchSemaphore(value: 0)
        withExtendedLifetime(result) {
            let thread = Thread {
                WorkerPlacement.cores(cores).bind(worker: 0, of: 1)
                let value = body()
                result.withLock { $0 = value }
                isDone.signal()
            }
            thread.start()
            isDone.wait()
        }
        return result.withLock { $0 }
    }
}
