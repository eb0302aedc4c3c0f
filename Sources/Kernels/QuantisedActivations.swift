internal import CKernels
import Synchronization

/// The rows of activations as whole numbers, which are kept until the activations change.
///
/// `@unchecked Sendable`: written by whoever may change the activations, or under the lock.
@safe
final class QuantisedActivations: @unchecked Sendable {
    private var entries = AlignedMemory<UInt8>(count: 0)
    private var scales = AlignedMemory<Float>(count: 0)
    private var totals = AlignedMemory<Int32>(count: 0)
    /// Whether the rows are what they should be.
    private(set) var isComplete = false
    private var rounding = KN_NINE_BITS
    private let lock = Mutex(())

    /// The rows are those of the activations no longer.
    func drop() { isComplete = false }

    /// The rows have all been written, and stay until they are dropped.
    func complete() { isComplete = true }

    /// Room for rows of `width` entries, which are undefined until they are written.
    func room(rowCount: Int, width: Int, rounding: kn_rounding) -> QuantisedRows {
        isComplete = false
        self.rounding = rounding
        let filled = Int(KN_GROUP_SIZE)
        let byteCount = kn_inputs_sizes(
            rounding,
            rowCount * ((width + filled - 1) / filled * filled)
        )
        if byteCount > entries.count { entries = AlignedMemory(count: byteCount) }
        let together = kn_scaled_together(rounding)
        let count = rowCount * ((width + together - 1) / together)
        if count > scales.count {
            scales = AlignedMemory(count: count)
            totals = AlignedMemory(count: count)
        }
        return rows(width: width)
    }

    /// Lends rows of `width` entries, so rounded, to one product at a time; `write` makes them unless they
    /// are there.
    func lend(
        rowCount: Int,
        width: Int,
        rounding: kn_rounding,
        _ write: (QuantisedRows) -> Void,
        to body: (QuantisedRows) -> Void
    ) {
        lock.withLock { _ in
            if !isComplete || self.rounding != rounding {
                write(room(rowCount: rowCount, width: width, rounding: rounding))
                isComplete = true
            }
            body(rows(width: width))
        }
    }

    private func rows(width: Int) -> QuantisedRows {
        let (filled, together) = (Int(KN_GROUP_SIZE), kn_scaled_together(rounding))
        return unsafe QuantisedRows(
            rounding: rounding,
            entries: entries.base,
            scales: scales.base,
            totals: totals.base,
            width: (width + filled - 1) / filled * filled,
            groupCount: (width + together - 1) / together
        )
    }
}
