internal import CKernels
import Synchronization

/// The kernels of one instruction set, run by one pool of workers.
///
/// Every entry point checks its sizes with `precondition`: a wrong size is a mistake of the program,
/// never of its input. Within one instruction set the results do not depend on the number of workers,
/// nor on what else is in a call: the value for a (token, output) pair is the same alone, in a batch,
/// and under any mask that keeps it. Over several nodes `selectIn` adds up a sum for each node, so that
/// there its last bits depend on how the kept rows are spread.
public final class Compute: Sendable {
    /// The instruction set in use.
    public let instructionSet: InstructionSet
    /// Workers, the calling thread included.
    public let threadCount: Int
    /// The nodes that share weights, KV cache and workers.
    public let nodes: NodePlan
    let pool: WorkerPool
    /// Multiplies with f32 weights that are kept in full; nil: the kernels do.
    let openBLAS: OpenBLAS?
    /// Counts what the products run.
    private let work = Atomic<Int>(0)
    /// What products over several nodes need.
    let nodeScratch: NodeScratch?

    /// Tokens a task takes: eight tiles of six.
    ///
    /// Their activations of a hidden size of 576 are 108 KiB,
    /// which stay in L2 while the task's weights pass.
    static let taskTokens = 48
    /// Tokens a task of `selectIn` takes with many: the kernels pack a strip of weights once for all of
    /// them, and as many as fit are rounded at a time (`ENTRIES` in `avx512/bf16.c`).
    static let packTokens = 252

    /// Starts the workers.
    ///
    /// - Parameters:
    ///   - threadCount: Workers, the calling thread included.
    ///   - instructionSet: Caps the kernels; nil: the best that this CPU has.
    ///   - backend: Who multiplies with f32 weights that are kept in full.
    ///   - numa: How memory and workers are spread over nodes; `off` with OpenBLAS, whose threads are
    ///     its own.
    /// - Throws: `KernelError` when the CPU lacks the instruction set, OpenBLAS is missing, or workers cannot
    ///   start.
    public convenience init(
        threadCount: Int,
        instructionSet: InstructionSet? = nil,
        backend: ProductBackend = .kernels,
        numa: NUMAMode = .auto
    ) throws(KernelError) {
        try self.init(
            threadCount: threadCount,
            instructionSet: instructionSet,
            backend: backend,
            nodes: NodePlan(backend == .blas ? .off : numa, threadCount: threadCount)
        )
    }

    /// Starts the workers on nodes as given.
    init(
        threadCount: Int,
        instructionSet: InstructionSet? = nil,
        backend: ProductBackend = .kernels,
        nodes: NodePlan
    ) throws(KernelError) {
        let chosen = instructionSet ?? .native
        guard InstructionSet.available.contains(chosen) else {
            throw .instructionSetUnavailable(chosen, available: InstructionSet.available)
        }
        self.instructionSet = chosen
        self.threadCount = threadCount
        openBLAS = backend == .blas ? try OpenBLAS(threadCount: threadCount) : nil
        self.nodes = nodes
        nodeScratch = nodes.isSpread ? NodeScratch(nodeCount: nodes.parts.count) : nil
        pool = try WorkerPool(threadCount: threadCount, nodes: nodes)
    }

    /// Multiply-adds of all products so far, output heads included; attention's own are not.
    public var multiplyAddCount: Int { work.load(ordering: .relaxed) }

    /// Runs `body(0)` to `body(count - 1)`, each once, on all workers; returns when all are done.
    ///
    /// - Parameters:
    ///   - count: Calls; each should be worth a wait for another worker.
    ///   - body: Called from several threads at once: calls must not write to the same memory.
    public func forEach(_ count: Int, _ body: (Int) -> Void) {
        pool.run(taskCount: count, body)
    }

    /// Counts a product of `tokens` rows with so many kept rows of a weight.
    func count(tokens: Int, _ keeping: [Int32]?, of weight: WeightMatrix) {
        let count = tokens * (keeping?.count ?? weight.rowCount) * weight.columnCount
        work.add(count, ordering: .relaxed)
    }

    /// The table of the instruction set in use.
    var kernels: kn_kernels {
        // SAFETY: `init` has checked that this CPU has the table; tables are constants.
        unsafe kn_kernels_for(instructionSet.code).pointee
    }

    /// Splits `count` units among workers: runs of at least `grain`, a few a worker, but, where `worthwhile`
    /// is given, no more than one a worker that are shorter than that.
    ///
    /// A single worker shares with nobody, so it takes all in one run.
    func runLength(
        _ count: Int,
        grain: Int,
        worthwhile: Int = 1,
        runsPerWorker: Int = 4
    ) -> Int {
        guard threadCount > 1 else { return max(grain, count) }
        let runs = max(threadCount, min(threadCount * runsPerWorker, count / worthwhile))
        let units = (count + grain - 1) / grain
        let longest = max(1, (units + runs - 1) / runs)
        // Of somewhat shorter runs every worker may get the same, so that none is left waiting.
        let shortest = worthwhile > 1 ? longest : max(1, longest * 3 / 4)
        var (best, least) = (longest, Int.max)
        for run in stride(from: longest, through: shortest, by: -1) {
            let turns = (units + run * threadCount - 1) / (run * threadCount)
            if turns * run < least { (best, least) = (run, turns * run) }
        }
        return best * grain
    }
}
