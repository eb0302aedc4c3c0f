internal import CNuma
import Foundation

/// The nodes of this machine, as far as this process may use them.
public struct Topology: Sendable, Equatable {
    /// Cores and the memory that is near them.
    public struct Node: Sendable, Equatable {
        /// The system's number for it.
        public let id: Int
        /// Cores that this process may use, ascending; none: the node only has memory.
        public let cores: [Int]
        /// Bytes of memory; 0: none that this process may use.
        public let byteCount: Int
        /// Of these, the bytes that are free.
        public let freeByteCount: Int
        /// How far the memory of each of the machine's listed nodes is, in the firmware's units: 10 is
        /// its own.
        public let distances: [Int]
    }

    /// Nodes that have cores or memory for this process, by number; at least one.
    public let nodes: [Node]

    /// A topology as given.
    init(nodes: [Node]) {
        self.nodes = nodes
    }

    /// What the system tells now; where it tells nothing, one node that has everything.
    public static var current: Topology {
        let cores = WorkerPlacement.usableCores
        guard numa_available() >= 0 else { return oneNode(cores) }
        let found = (0...numa_max_node()).compactMap { id -> (id: Int32, Node)? in
            let node = node(id, usable: cores)
            return node.cores.isEmpty && node.byteCount == 0 ? nil : (id, node)
        }
        guard !found.isEmpty else { return oneNode(cores) }
        let ids = found.map(\.id)
        return Topology(
            nodes: found.map { id, node in
                Node(
                    id: node.id,
                    cores: node.cores,
                    byteCount: node.byteCount,
                    freeByteCount: node.freeByteCount,
                    distances: ids.map { Int(numa_distance(id, $0)) }
                )
            }
        )
    }

    private static func node(_ id: Int32, usable: [Int]) -> Node {
        var free: Int64 = 0
        let size = unsafe numa_node_size64(id, &free)
        let hasMemory = size > 0 && allowsMemory(of: id)
        return Node(
            id: Int(id),
            cores: usable.filter { numa_node_of_cpu(Int32($0)) == id },
            byteCount: hasMemory ? Int(size) : 0,
            freeByteCount: hasMemory ? Int(free) : 0,
            distances: []
        )
    }

    /// Whether the process's control group lets it have memory of a node.
    private static func allowsMemory(of id: Int32) -> Bool {
        guard let mask = unsafe numa_get_mems_allowed() else { return true }
        // SAFETY: the mask is ours until it is freed.
        defer { unsafe numa_free_nodemask(mask) }
        return unsafe numa_bitmask_isbitset(mask, UInt32(id)) != 0
    }

    private static func oneNode(_ cores: [Int]) -> Topology {
        let byteCount = Int(clamping: ProcessInfo.processInfo.physicalMemory)
        return Topology(
            nodes: [
                Node(
                    id: 0,
                    cores: cores,
                    byteCount: byteCount,
                    freeByteCount: byteCount,
                    distances: [10]
                )
            ]
        )
    }
}
