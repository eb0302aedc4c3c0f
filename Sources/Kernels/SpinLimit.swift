/// How long threads spin before they sleep: long on cores of their own, briefly on shared ones.
///
/// Sleep and a wake-up cost tens of microseconds in a virtual machine, as much as a small product. But
/// the kernel takes a spinning thread's core away when another process wants it, and gives one that has
/// slept the core at once; and who waits for a thread without a core had better leave it its own.
struct SpinLimit: Sendable {
    /// Turns while every thread has a core of its own.
    let patient: Int
    /// Turns while other processes want a core.
    let brief: Int

    /// The same number of turns always.
    static func fixed(_ turns: Int) -> SpinLimit { SpinLimit(patient: turns, brief: turns) }
}
