@testable import Kernels

/// Plans over several nodes: this machine's, or on a machine of one node such as pretend to have more.
enum SeveralNodes {
    /// Whether this machine has several nodes with memory and cores.
    static var areReal: Bool { NodePlan(.auto, threadCount: 1_024).isSpread }

    /// A worker for each of `threadCount`, over the machine's nodes or over two.
    static func plan(_ mode: NUMAMode, threadCount: Int) -> NodePlan {
        areReal
            ? NodePlan(mode, threadCount: threadCount)
            : NodePlan(mode, pretended, threadCount: threadCount)
    }

    /// Two nodes that are both node 0, with a core each and one that there may not be.
    private static var pretended: Topology {
        Topology(
            nodes: [[0, 2], [1, 3]].map {
                Topology.Node(
                    id: 0,
                    cores: $0,
                    byteCount: 1,
                    freeByteCount: 0,
                    distances: [10, 10]
                )
            }
        )
    }
}

extension Compute {
    /// Workers over several nodes; four of them fill a machine of four cores.
    convenience init(
        _ mode: NUMAMode,
        threadCount: Int = 4,
        instructionSet: InstructionSet? = nil
    ) throws(KernelError) {
        try self.init(
            threadCount: threadCount,
            instructionSet: instructionSet,
            nodes: SeveralNodes.plan(mode, threadCount: threadCount)
        )
    }
}
