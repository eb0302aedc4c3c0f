import Foundation

/// Pages of 2 MiB: reading a model's weights in pages of 4 KiB would miss the TLB at every few rows.
enum HugePage {
    /// Its size, and what memory for some has to be aligned to.
    static var byteCount: Int { 2 << 20 }

    /// Asks the system for huge pages; it need not give any.
    static func advise(_ base: UnsafeMutableRawPointer, byteCount: Int) {
        // SAFETY: whole pages within the caller's memory; the advice changes no content.
        unsafe madvise(base, byteCount / 4_096 * 4_096, MADV_HUGEPAGE)
    }
}
