extension Scheduler {
    /// What is wrong with the scheduler's state; nil when every invariant holds.
    public var brokenInvariant: String? {
        let held = allSequences.flatMap(\.blocks)
        if Set(held).count != held.count { return "a block has two owners" }
        if held.count + freeBlockCount != configuration.blockCount { return "blocks are lost" }
        let queued = waitingIDs + runningIDs
        if Set(queued).count != queued.count { return "a sequence is queued twice" }
        if Set(queued) != Set(allSequences.map(\.request.id)) { return "a sequence is lost" }
        if runningIDs.count > configuration.maxNumSeqs { return "too many sequences run" }
        for queue in [waitingIDs, runningIDs] {
            let ranks = queue.compactMap { self[$0]?.rank }
            if ranks != ranks.sorted() { return "a queue is not in order of rank" }
        }
        if waitingIDs.contains(where: { self[$0]?.blocks.isEmpty == false }) {
            return "a waiting sequence holds blocks"
        }
        return nil
    }
}
