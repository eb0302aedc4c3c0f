import Foundation

/// Memory of one element type, aligned to a cache line, owned by one place.
@safe
struct AlignedMemory<Element: BitwiseCopyable>: ~Copyable {
    /// 64 bytes: a cache line, and the widest vector.
    static var alignment: Int { 64 }

    let base: UnsafeMutablePointer<Element>
    let count: Int

    /// Uninitialised memory for `count` elements.
    init(count: Int) {
        let raw = UnsafeMutableRawPointer.allocate(
            byteCount: max(1, count) * MemoryLayout<Element>.stride,
            alignment: Self.alignment
        )
        unsafe base = raw.bindMemory(to: Element.self, capacity: max(1, count))
        self.count = count
    }

    deinit {
        // SAFETY: `base` came from `allocate` in `init`, and this is its only owner.
        unsafe base.deallocate()
    }
}
