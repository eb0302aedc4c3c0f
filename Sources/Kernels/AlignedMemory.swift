import Foundation

/// Memory of one element type, aligned to a cache line, owned by one place.
@safe
struct AlignedMemory<Element: BitwiseCopyable>: ~Copyable {
    /// 64 bytes: a cache line, and the widest vector.
    static var alignment: Int { 64 }

    let base: UnsafeMutablePointer<Element>
    let count: Int

    /// From this size on, memory starts on a huge page and asks for more: reading a model's weights
    /// in pages of 4 KiB would miss the TLB at every other row.
    private static var hugePageSize: Int { 2 << 20 }

    /// Uninitialised memory for `count` elements.
    init(count: Int) {
        let byteCount = max(1, count) * MemoryLayout<Element>.stride
        let isHuge = byteCount >= Self.hugePageSize
        let raw = UnsafeMutableRawPointer.allocate(
            byteCount: byteCount,
            alignment: isHuge ? Self.hugePageSize : Self.alignment
        )
        // SAFETY: whole pages within the memory just allocated; the advice changes no content.
        if isHuge { unsafe madvise(raw, byteCount / 4_096 * 4_096, MADV_HUGEPAGE) }
        unsafe base = raw.bindMemory(to: Element.self, capacity: max(1, count))
        self.count = count
    }

    deinit {
        // SAFETY: `base` came from `allocate` in `init`, and this is its only owner.
        unsafe base.deallocate()
    }
}
