import Testing

@testable import Kernels

@Suite("NodePlan")
struct NodePlanTests {
    /// Nodes with the given cores; those listed have no memory.
    private static func topology(_ cores: [[Int]], withoutMemory: Set<Int> = []) -> Topology {
        Topology(
            nodes: cores.enumerated().map { id, cores in
                Topology.Node(
                    id: id,
                    cores: cores,
                    byteCount: withoutMemory.contains(id) ? 0 : 1 << 30,
                    freeByteCount: 0,
                    // The nearer the numbers, the nearer the nodes.
                    distances: (0..<4).map { 10 + abs($0 - id) }
                )
            }
        )
    }

    @Test("places nothing on one node, for one worker, or when it is off", arguments: [1, 4])
    func placesNothing(threadCount: Int) {
        let two = Self.topology([[0, 1], [2, 3]])
        #expect(!NodePlan(.auto, Self.topology([[0, 1]]), threadCount: threadCount).isSpread)
        #expect(!NodePlan(.replicate, Self.topology([[0]]), threadCount: threadCount).isSpread)
        #expect(!NodePlan(.off, two, threadCount: threadCount).isSpread)
        #expect(!NodePlan(.auto, two, threadCount: 1).isSpread)
        #expect(!NodePlan.none.isSpread)
    }

    @Test("gives each node workers by its cores, and rows whatever the workers")
    func dividesWorkers() {
        let topology = Self.topology([[0, 1], [2, 3], [4, 5, 6, 7]])
        for (threads, workers) in [(8, [2, 2, 4]), (4, [1, 1, 2]), (16, [4, 4, 8])] {
            let plan = NodePlan(.auto, topology, threadCount: threads)
            #expect(plan.parts.map(\.workerCount) == workers)
            #expect(plan.parts.map(\.share) == [0.25, 0.25, 0.5])
            let shares = plan.shares(800)
            #expect((0..<3).map { shares[$0].count } == [200, 200, 400])
        }
        for threads in [Int.min, -1, 0, 1_025, .max] {
            #expect(NodePlan(.auto, topology, threadCount: threads).mode == .auto)
        }
    }

    @Test("gives nothing to nodes without memory, and their cores to the nearest that has some")
    func leavesOutNodesWithoutMemory() {
        let topology = Self.topology([[0], [1], [2], []], withoutMemory: [1])
        let plan = NodePlan(.auto, topology, threadCount: 3)
        #expect(plan.parts.map(\.node) == [0, 2])
        #expect(plan.parts.map(\.cores) == [[0, 1], [2]])
        #expect(plan.parts.map(\.workerCount) == [2, 1])
    }

    @Test("binds workers to cores of their own where there are enough, else to their node's")
    func bindsWorkers() {
        let topology = Self.topology([[0, 1], [2, 3]])
        #expect(
            NodePlan(.auto, topology, threadCount: 4).workerPlacement
                == .coreSets([[0], [1], [2], [3]])
        )
        #expect(
            NodePlan(.auto, topology, threadCount: 2).workerPlacement
                == .coreSets([[0, 1], [2, 3]])
        )
    }

    @Test("knows a machine with at least one node, whose cores are the usable ones")
    func readsTopology() {
        let nodes = Topology.current.nodes
        #expect(!nodes.isEmpty)
        #expect(nodes.flatMap(\.cores).sorted() == WorkerPlacement.usableCores)
        #expect(nodes.contains { $0.byteCount > 0 })
        #expect(nodes.allSatisfy { $0.freeByteCount <= $0.byteCount })
        for (index, node) in nodes.enumerated() { #expect(node.distances[index] == 10) }
    }
}
