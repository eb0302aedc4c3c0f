/// Tasks of one node that nobody has taken, alone on their cache lines.
final class NodeQueue: Sendable {
    /// How many; the last ones of the node's share.
    let remaining = FutexWord(0)
}
