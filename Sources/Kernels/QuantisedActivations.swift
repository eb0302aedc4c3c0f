internal import CKernels

/// Rows of activations as whole numbers of nine bits, with a scale for each 32 of a row.
///
/// What the products with quantised weights read: with them sums over 32 entries are exact in 32 bits.
/// A row's last group is filled up with zeros.
///
/// `@unchecked Sendable`: `Compute` lends its only instance to one product at a time, under a lock.
final class QuantisedActivations: @unchecked Sendable {
    private var entries = AlignedMemory<Int16>(count: 0)
    private var scales = AlignedMemory<Float>(count: 0)
    private var totals = AlignedMemory<Int32>(count: 0)
    /// Groups a row.
    private(set) var groupCount = 0

    /// Entries that share a scale.
    static var groupSize: Int { Int(KN_GROUP_SIZE) }

    /// Makes room for rows of `width` entries; the contents are undefined afterwards.
    func reshape(rowCount: Int, width: Int) {
        groupCount = (width + Self.groupSize - 1) / Self.groupSize
        let count = rowCount * groupCount
        guard count > scales.count else { return }
        entries = AlignedMemory(count: count * Self.groupSize)
        scales = AlignedMemory(count: count)
        totals = AlignedMemory(count: count)
    }

    /// Where one row's entries, scales and sums go.
    func row(
        _ index: Int
    ) -> (UnsafeMutablePointer<Int16>, UnsafeMutablePointer<Float>, UnsafeMutablePointer<Int32>) {
        let first = index * groupCount
        return unsafe (
            entries.base + first * Self.groupSize, scales.base + first, totals.base + first
        )
    }

    /// The rows from `row` on, as the kernels see them; valid while `self` lives.
    func view(from row: Int) -> kn_quantised {
        let (entries, scales, totals) = unsafe self.row(row)
        return unsafe kn_quantised(
            entries: entries,
            scales: scales,
            totals: totals,
            groups: groupCount
        )
    }
}
