internal import CNuma
import Foundation

/// Memory in whole pages that are bound to nodes before anybody touches them.
///
/// Binding rather than first touch: a huge page that one worker touches takes its neighbour's data along
/// to that worker's node, a worker that was held up leaves its rows to one of another node, and the
/// system's own balancing moves pages that have no policy. It is a preference: when a node is full the
/// system goes to another instead of ending the process.
///
/// `@unchecked Sendable`: nothing changes after `init`.
@safe
final class NodePages: @unchecked Sendable {
    /// Where the memory starts; from the size of a huge page on, on one.
    let base: UnsafeMutableRawPointer
    private let byteCount: Int
    private let mapping: UnsafeMutableRawPointer
    private let mappedByteCount: Int

    /// The size of an ordinary page.
    static var pageByteCount: Int { Int(numa_pagesize()) }

    /// Maps memory; nil when the system gives none.
    init?(byteCount: Int) {
        let isHuge = byteCount >= HugePage.byteCount
        let alignment = isHuge ? HugePage.byteCount : Self.pageByteCount
        self.byteCount = max(1, byteCount)
        mappedByteCount = max(1, byteCount) + (isHuge ? alignment : 0)
        // SAFETY: a fresh anonymous mapping; the result is compared with MAP_FAILED before use.
        let mapping = unsafe mmap(
            nil,
            mappedByteCount,
            PROT_READ | PROT_WRITE,
            MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
            -1,
            0
        )
        guard let mapping = unsafe mapping, unsafe mapping != MAP_FAILED else { return nil }
        unsafe self.mapping = mapping
        let misalignment = Int(bitPattern: mapping) % alignment
        unsafe base = mapping + (misalignment == 0 ? 0 : alignment - misalignment)
        if isHuge { unsafe HugePage.advise(base, byteCount: byteCount) }
    }

    deinit {
        // SAFETY: the mapping of `init`; whoever points into it keeps `self`.
        unsafe munmap(mapping, mappedByteCount)
    }

    /// Binds each node's share of the bytes to it.
    ///
    /// A page that two nodes share goes to the one that has more of it. Where shares are large their
    /// bounds are those of huge pages, since no huge page lies on two nodes.
    func bind(_ shares: NodeShares, of plan: NodePlan) {
        let share = shares.count / shares.nodeCount
        let size = share >= 16 * HugePage.byteCount ? HugePage.byteCount : Self.pageByteCount
        func bound(_ byte: Int) -> Int { (byte + size / 2) / size * size }
        for (index, part) in plan.parts.enumerated() where !shares[index].isEmpty {
            let bytes = shares[index]
            let start = bound(bytes.lowerBound)
            let end = bytes.upperBound == shares.count ? byteCount : bound(bytes.upperBound)
            if start < end { unsafe Self.bind(base + start, byteCount: end - start, to: part.node) }
        }
    }

    /// Binds all bytes to one node.
    func bind(to node: Int) {
        unsafe Self.bind(base, byteCount: byteCount, to: node)
    }

    /// Binds pages; where the system does not allow it they lie where they are first touched.
    ///
    /// - Parameters:
    ///   - start: Of a page.
    ///   - byteCount: Bytes; the last page is bound as a whole.
    ///   - node: The node.
    /// - Returns: Whether the system allows it.
    @discardableResult
    static func bind(_ start: UnsafeMutableRawPointer, byteCount: Int, to node: Int) -> Bool {
        guard let mask = unsafe numa_allocate_nodemask() else { return false }
        // SAFETY: the mask is ours until it is freed; the pages are the caller's, and a policy changes
        // no content.
        defer { unsafe numa_free_nodemask(mask) }
        unsafe numa_bitmask_setbit(mask, UInt32(node))
        return unsafe mbind(
            start,
            UInt(byteCount),
            Int32(MPOL_PREFERRED),
            mask.pointee.maskp,
            mask.pointee.size + 1,
            0
        ) == 0
    }
}
