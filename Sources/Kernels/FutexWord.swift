import CFutex
import Synchronization

/// An atomic number that threads can sleep on, alone on its cache lines.
///
/// A class's stored `Atomic` has no address to hand to the kernel, so this one lives in memory of
/// its own.
@safe
struct FutexWord: ~Copyable, @unchecked Sendable {
    // `@unchecked Sendable`: the memory is only reached through atomic operations and futex calls.
    private let memory: UnsafeMutablePointer<Atomic<UInt32>>

    /// Two cache lines: x86 prefetches lines in pairs, so a neighbour's writes would slow this one.
    private static var alignment: Int { 128 }

    init(_ value: UInt32) {
        let raw = UnsafeMutableRawPointer.allocate(
            byteCount: Self.alignment,
            alignment: Self.alignment
        )
        // SAFETY: the memory just allocated is larger and more aligned than the atomic.
        unsafe memory = raw.bindMemory(to: Atomic<UInt32>.self, capacity: 1)
        unsafe memory.initialize(to: Atomic(value))
    }

    deinit {
        // SAFETY: initialised and allocated in `init`; this is its only owner.
        unsafe memory.deinitialize(count: 1)
        unsafe memory.deallocate()
    }

    /// The value, with all that was written before it was stored.
    func load() -> UInt32 {
        // SAFETY: here and below, `memory` is initialised as long as `self` lives.
        unsafe memory.pointee.load(ordering: .acquiring)
    }

    /// Stores a value before any later load of this thread.
    func store(_ value: UInt32) {
        unsafe memory.pointee.store(value, ordering: .sequentiallyConsistent)
    }

    /// Replaces `expected` by `desired`; otherwise sets `expected` to the value found.
    func exchange(_ expected: inout UInt32, for desired: UInt32) -> Bool {
        let (isExchanged, found) = unsafe memory.pointee.compareExchange(
            expected: expected,
            desired: desired,
            successOrdering: .acquiringAndReleasing,
            failureOrdering: .acquiring
        )
        if !isExchanged { expected = found }
        return isExchanged
    }

    /// Adds one and returns the new value.
    @discardableResult
    func increment() -> UInt32 {
        unsafe memory.pointee.add(1, ordering: .sequentiallyConsistent).newValue
    }

    /// Subtracts one and returns the new value.
    @discardableResult
    func decrement() -> UInt32 {
        unsafe memory.pointee.subtract(1, ordering: .sequentiallyConsistent).newValue
    }

    /// Sleeps while the value is `value`; may also return for no reason.
    func sleep(while value: UInt32) {
        // SAFETY: the kernel reads four aligned bytes that outlive the call.
        unsafe futex_wait(memory, value)
    }

    /// Wakes up to `count` sleeping threads.
    func wake(_ count: UInt32) {
        // SAFETY: as in `sleep`.
        unsafe futex_wake(memory, count)
    }
}
