import Foundation
import Synchronization

/// Huge pages that the matrices of a model share, one matrix behind the other.
///
/// Most matrices of a small model are smaller than a huge page. On pages of 4 KiB each, reading them in
/// decode misses the TLB at every sixth row: one product from memory took a tenth longer (Zen 3, in a
/// virtual machine). The memory goes back when the last matrix in it is gone.
///
/// `@unchecked Sendable`: only `allocate` changes anything, under the lock.
@safe
final class MatrixPages: @unchecked Sendable {
    private struct Current {
        weak var pages: MatrixPages?
    }

    /// The pages that still have room; weak, so that they go with their matrices.
    private static let current = Mutex(Current())
    /// Untouched memory costs nothing, so it may be much.
    private static let byteCount = 64 << 20

    private let base: UnsafeMutableRawPointer
    private var used = 0

    private init() {
        unsafe base = .allocate(byteCount: Self.byteCount, alignment: HugePage.byteCount)
        unsafe HugePage.advise(base, byteCount: Self.byteCount)
    }

    deinit {
        // SAFETY: `base` came from `allocate`, and whoever points into it keeps `self`.
        unsafe base.deallocate()
    }

    /// Memory for one matrix, aligned to a cache line.
    ///
    /// - Returns: Where it starts, and what keeps it; nil for one that fills pages of its own.
    static func allocate(byteCount: Int) -> (base: UnsafeMutableRawPointer, pages: MatrixPages)? {
        guard byteCount < Self.byteCount / 4 else { return nil }
        return unsafe current.withLock { current in
            let lines = (byteCount + 63) / 64 * 64
            var pages = current.pages ?? MatrixPages()
            if pages.used + lines > Self.byteCount { pages = MatrixPages() }
            current.pages = pages
            let start = unsafe pages.base + pages.used
            pages.used += lines
            return unsafe (start, pages)
        }
    }
}
