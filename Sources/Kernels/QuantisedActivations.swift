internal import CKernels

/// Rows of activations as whole numbers, with a scale for some of them together.
///
/// What the products with weights of whole numbers read; see `kn_rounding`. A row is filled up with zeros.
///
/// `@unchecked Sendable`: `Compute` lends its only instance to one product at a time, under a lock.
@safe
final class QuantisedActivations: @unchecked Sendable {
    private var entries = AlignedMemory<UInt8>(count: 0)
    private var scales = AlignedMemory<Float>(count: 0)
    private var totals = AlignedMemory<Int32>(count: 0)
    private var rounding = KN_NINE_BITS
    /// Entries a row, and scales a row.
    private var (width, groupCount) = (0, 0)
    /// What several products in turn read, and whether these are its rows.
    private var shared: UnsafePointer<Float>?
    private var holdsShared = false

    /// Keeps the rows of `source`, once they are written, for all products that read them; nil: no longer.
    func share(_ source: UnsafePointer<Float>?) {
        unsafe shared = source
        holdsShared = false
    }

    /// Whether these are the rows of `source`, so rounded, from an earlier product.
    func holds(_ source: UnsafePointer<Float>, _ rounding: kn_rounding) -> Bool {
        unsafe holdsShared && source == shared && rounding == self.rounding
    }

    /// Makes room for rows of `width` entries, of `source` if others may want them; they are undefined
    /// until they are written.
    func reshape(
        rowCount: Int,
        width: Int,
        rounding: kn_rounding,
        source: UnsafePointer<Float>? = nil
    ) {
        unsafe holdsShared = source != nil && source == shared
        let (filled, together) = (Int(KN_GROUP_SIZE), kn_scaled_together(rounding))
        self.rounding = rounding
        self.width = (width + filled - 1) / filled * filled
        groupCount = (width + together - 1) / together
        let byteCount = rowCount * self.width * entrySize
        if byteCount > entries.count { entries = AlignedMemory(count: byteCount) }
        let count = rowCount * groupCount
        guard count > scales.count else { return }
        scales = AlignedMemory(count: count)
        totals = AlignedMemory(count: count)
    }

    /// Writes one row, of the entries at `x`.
    func write(_ x: UnsafePointer<Float>, count: Int, to row: Int, _ kernels: kn_kernels) {
        // SAFETY: there is room for the row; a row is written by one task.
        unsafe kernels.quantise(
            rounding,
            entries.base + row * width * entrySize,
            scales.base + row * groupCount,
            totals.base + row * groupCount,
            x,
            count
        )
    }

    /// The rows from `row` on, as the kernels see them; valid while `self` lives.
    func view(from row: Int) -> kn_quantised {
        unsafe kn_quantised(
            rounding: rounding,
            entries: entries.base + row * width * entrySize,
            scales: scales.base + row * groupCount,
            totals: totals.base + row * groupCount,
            width: width,
            groups: groupCount
        )
    }

    private var entrySize: Int { kn_entry_size(rounding) }
}

extension kn_kernels {
    /// How activations are rounded for quantised weights whose outputs are rows, or are columns: beside
    /// mixed rows (see `WeightMatrix.isMixed`) they are mixed.
    func rounding(for format: WeightFormat, outputsAreColumns: Bool) -> kn_rounding {
        if format == .int4 { return outputsAreColumns ? KN_NINE_BITS : KN_EIGHT_BITS }
        let rounding = unsafe byte_rounding
        if outputsAreColumns { return rounding }
        return rounding == KN_EIGHT_BITS ? KN_EIGHT_BITS_MIXED : KN_SIXTEEN_BITS_MIXED
    }
}
