/// The tasks of an operation over several nodes: for every tile of tokens, the runs of each node.
struct NodeTasks {
    /// Tasks by the node whose memory they read.
    let shares: NodeShares
    private let runs: NodeShares

    /// - Parameters:
    ///   - tileCount: Tiles of tokens, at least one.
    ///   - runs: Runs of units, by node.
    init(tileCount: Int, runs: NodeShares) {
        self.runs = runs
        shares = runs.scaled(by: tileCount)
    }

    /// What a task is: the tasks of a node's tile follow each other.
    func place(of task: Int) -> (tile: Int, run: Int) {
        let node = shares.node(of: task)
        let (tile, run) = (task - shares[node].lowerBound)
            .quotientAndRemainder(dividingBy: runs[node].count)
        return (tile, runs[node].lowerBound + run)
    }
}
