import Synchronization

/// What a product over several nodes needs besides its operands; it grows, and is kept.
///
/// `@unchecked Sendable`: lent to one product at a time, under the lock.
final class NodeScratch: @unchecked Sendable {
    /// One node's part.
    final class Part {
        /// The node's share of the input, for weights that want it as whole numbers.
        let input = QuantisedActivations()
        private var memory = AlignedMemory<Float>(count: 0)

        /// Memory for the node's sums; its workers clear it, and so touch it first.
        func sums(_ count: Int) -> UnsafeMutablePointer<Float> {
            if count > memory.count { memory = AlignedMemory(count: count) }
            return unsafe memory.base
        }
    }

    private let parts: [Part]
    private let lock = Mutex(())

    /// - Parameter nodeCount: Parts.
    init(nodeCount: Int) {
        parts = (0..<nodeCount).map { _ in Part() }
    }

    /// Lends the parts to one product.
    func lend(_ body: ([Part]) -> Void) {
        lock.withLock { _ in body(parts) }
    }
}
