import Foundation

/// Memory of one element type, aligned to a cache line, owned by one place.
@safe
struct AlignedMemory<Element: BitwiseCopyable>: ~Copyable {
    /// 64 bytes: a cache line, and the widest vector.
    static var alignment: Int { 64 }

    let base: UnsafeMutablePointer<Element>
    let count: Int
    /// What the memory is part of; nil: it is its own.
    private let pages: (any AnyObject & Sendable)?

    /// Uninitialised memory for `count` elements.
    ///
    /// From the size of a huge page on it starts on one and asks for more.
    ///
    /// - Parameters:
    ///   - count: Elements.
    ///   - sharesPages: Whether smaller memory lies on huge pages with others like it. Those are given
    ///     back together: for what lives as long as a model.
    init(count: Int, sharesPages: Bool = false) {
        self.count = count
        let byteCount = max(1, count) * MemoryLayout<Element>.stride
        if sharesPages, let (shared, pages) = unsafe MatrixPages.allocate(byteCount: byteCount) {
            unsafe base = shared.bindMemory(to: Element.self, capacity: max(1, count))
            self.pages = pages
            return
        }
        let isHuge = byteCount >= HugePage.byteCount
        let raw = UnsafeMutableRawPointer.allocate(
            byteCount: byteCount,
            alignment: isHuge ? HugePage.byteCount : Self.alignment
        )
        if isHuge { unsafe HugePage.advise(raw, byteCount: byteCount) }
        unsafe base = raw.bindMemory(to: Element.self, capacity: max(1, count))
        pages = nil
    }

    /// The start of pages that are placed; there is room for `count` elements.
    init(count: Int, on pages: NodePages) {
        self.count = count
        unsafe base = pages.base.bindMemory(to: Element.self, capacity: max(1, count))
        self.pages = pages
    }

    deinit {
        // SAFETY: without `pages`, `base` came from `allocate` in `init`, and this is its only owner.
        if pages == nil { unsafe base.deallocate() }
    }
}
