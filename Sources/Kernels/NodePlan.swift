internal import CNuma

/// Which nodes share the weights, the KV cache and the workers of one model.
///
/// Rows and heads are split in proportion to the nodes' cores, whatever the number of workers: on one
/// machine the split, and with it every result, is the same for any number that leaves no node out.
public struct NodePlan: Sendable, Equatable {
    /// One node's part.
    public struct Part: Sendable, Equatable {
        /// The node whose memory it has.
        public let node: Int
        /// Where its workers run: the node's cores, and those of nodes without memory that are nearest.
        public let cores: [Int]
        /// Workers, the calling thread counted with the first part.
        public let workerCount: Int
        /// Its share of every matrix's rows and of the cache's heads; of `replicate`, of the heads.
        public let share: Double
    }

    /// What was asked for.
    public let mode: NUMAMode
    /// At least two, in the order of the nodes' numbers; empty: nothing is placed.
    public let parts: [Part]
    /// The part that each core belongs to; 0 for those that belong to none.
    private let partOfCore: [Int]

    /// Everything as on a machine of one node.
    static let none = NodePlan(.off, Topology(nodes: []), threadCount: 1)

    /// Divides a machine.
    ///
    /// Nodes take part that have memory and, in proportion to their cores, at least one worker.
    ///
    /// - Parameters:
    ///   - mode: What is asked for.
    ///   - topology: The machine.
    ///   - threadCount: Workers, the calling thread included.
    public init(_ mode: NUMAMode, _ topology: Topology = .current, threadCount: Int) {
        self.mode = mode
        let all = mode == .off ? [] : Self.coresByMemory(topology)
        guard all.count > 1 else {
            (parts, partOfCore) = ([], [])
            return
        }
        let workers = NodeShares(
            min(max(1, threadCount), WorkerPool.threadLimit),
            weights: all.map(\.cores.count)
        )
        let taking = all.indices.filter { !workers[$0].isEmpty }
        guard taking.count > 1 else {
            (parts, partOfCore) = ([], [])
            return
        }
        let coreCount = taking.reduce(0) { $0 + all[$1].cores.count }
        parts = taking.map {
            Part(
                node: all[$0].node,
                cores: all[$0].cores,
                workerCount: workers[$0].count,
                share: Double(all[$0].cores.count) / Double(coreCount)
            )
        }
        var partOfCore = [Int](repeating: 0, count: (parts.flatMap(\.cores).max() ?? 0) + 1)
        for (index, part) in parts.enumerated() {
            for core in part.cores { partOfCore[core] = index }
        }
        self.partOfCore = partOfCore
    }

    /// Nodes with memory, each with the cores that are nearest to it; those that have none are left out.
    private static func coresByMemory(_ topology: Topology) -> [(node: Int, cores: [Int])] {
        let homes = topology.nodes.indices.filter {
            topology.nodes[$0].byteCount > 0 && !topology.nodes[$0].cores.isEmpty
        }
        var cores = homes.map { topology.nodes[$0].cores }
        for node in topology.nodes where node.byteCount == 0 {
            let nearest = homes.indices.min {
                node.distances[homes[$0]] < node.distances[homes[$1]]
            }
            if let nearest { cores[nearest] = (cores[nearest] + node.cores).sorted() }
        }
        return zip(homes, cores).map { (topology.nodes[$0].id, $1) }
    }

    /// Whether several nodes take part.
    public var isSpread: Bool { !parts.isEmpty }

    /// Whether the system lets memory be bound to the nodes; some containers forbid it.
    public var bindsMemory: Bool {
        guard let part = parts.first, let page = NodePages(byteCount: 1) else { return false }
        return unsafe NodePages.bind(page.base, byteCount: 1, to: part.node)
    }

    /// Whether each node has all weights.
    var replicates: Bool { isSpread && mode == .replicate }

    /// Splits units among the parts.
    func shares(_ count: Int, grain: Int = 1) -> NodeShares {
        NodeShares(count, weights: parts.map(\.cores.count), grain: grain)
    }

    /// The part whose cores the calling thread runs on.
    ///
    /// Asked anew for each task: workers stay on their cores, but a calling thread may move.
    var currentPart: Int {
        let core = Int(sched_getcpu())
        return partOfCore.indices.contains(core) ? partOfCore[core] : 0
    }

    /// Where the workers run: with one for every core each on its own, else anywhere on its node.
    var workerPlacement: WorkerPlacement {
        .coreSets(
            parts.flatMap { part -> [[Int]] in
                (0..<part.workerCount).map {
                    part.workerCount == part.cores.count ? [part.cores[$0]] : part.cores
                }
            }
        )
    }
}
