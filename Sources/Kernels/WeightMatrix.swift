internal import CKernels

/// A weight matrix whose rows are contiguous, so that a pruned row is simply never read.
///
/// `@unchecked Sendable`: nothing is written after `init`.
public final class WeightMatrix: @unchecked Sendable {
    /// How the entries are stored.
    public let format: WeightFormat
    /// Rows: what a mask selects.
    public let rowCount: Int
    /// Entries a row: what products run along.
    public let columnCount: Int
    private let data: AlignedMemory<UInt8>

    /// Stores a matrix row by row.
    ///
    /// - Parameters:
    ///   - format: How to store it. int8 takes 256 even levels between the
    ///     extremes of 32 entries of a row; entries that are not finite make their group NaN.
    ///   - rowCount: Rows.
    ///   - columnCount: Entries a row.
    ///   - fill: Writes row `row` into the span, `[columnCount]`.
    /// - Throws: What `fill` throws.
    public init<E: Error>(
        format: WeightFormat,
        rowCount: Int,
        columnCount: Int,
        fillingRows fill: (_ row: Int, _ into: inout MutableSpan<Float>) throws(E) -> Void
    ) throws(E) {
        self.format = format
        self.rowCount = rowCount
        self.columnCount = columnCount
        let rowByteCount = format.rowByteCount(columnCount)
        data = AlignedMemory(count: rowCount * rowByteCount)
        var row = [Float](repeating: 0, count: columnCount)
        for index in 0..<rowCount {
            var span = row.mutableSpan
            try fill(index, &span)
            // SAFETY: row `index` lies within `data`, whose alignment serves every entry type.
            let target = unsafe UnsafeMutableRawPointer(data.base + index * rowByteCount)
            switch format {
            case .f32:
                unsafe target.bindMemory(to: Float.self, capacity: columnCount)
                    .update(from: row, count: columnCount)
            case .bf16:
                let entries = unsafe target.bindMemory(to: UInt16.self, capacity: columnCount)
                for column in 0..<columnCount { unsafe entries[column] = row[column].roundedToBF16 }
            case .int8:
                unsafe Self.quantise(row, into: target)
            }
        }
    }

    /// Bytes in memory.
    public var byteCount: Int {
        data.count
    }

    /// Writes a row as groups of bytes with their scale and offset (`kn_group`).
    private static func quantise(_ row: [Float], into target: UnsafeMutableRawPointer) {
        let size = Int(KN_GROUP_SIZE)
        for first in stride(from: 0, to: row.count, by: size) {
            // SAFETY: the row's memory holds one group for every 32 entries begun.
            let group = unsafe target + first / size * MemoryLayout<kn_group>.stride
            let end = min(row.count, first + size)
            var (lowest, highest) = (row[first], row[first])
            var isFinite = true
            for column in first..<end {
                lowest = min(lowest, row[column])
                highest = max(highest, row[column])
                isFinite = isFinite && row[column].isFinite
            }
            let scale = isFinite ? highest / 255 - lowest / 255 : .nan
            let inverse = scale.isNormal ? 1 / scale : 0
            unsafe group.storeBytes(of: scale.isSubnormal ? 0 : scale, as: Float.self)
            unsafe group.storeBytes(
                of: inverse == 0 ? lowest : lowest + 128 * scale,
                toByteOffset: MemoryLayout<Float>.size,
                as: Float.self
            )
            let entries = unsafe (group + 2 * MemoryLayout<Float>.size)
                .bindMemory(to: Int8.self, capacity: size)
            for column in first..<first + size {
                let used = isFinite && column < end
                let level = used ? ((row[column] - lowest) * inverse).rounded() : 128
                unsafe entries[column - first] = Int8(max(0, min(255, level)) - 128)
            }
        }
    }

    /// Writes one row as 32-bit floats.
    ///
    /// - Parameters:
    ///   - row: In `0..<rowCount`.
    ///   - output: Overwritten, `[columnCount]`.
    public func copyRow(_ row: Int, into output: inout MutableSpan<Float>) {
        precondition(row >= 0 && row < rowCount && output.count == columnCount, "one row")
        // SAFETY: sizes are checked above, and the kernel keeps no pointer.
        unsafe output.withUnsafeMutableBufferPointer { output in
            var weight = unsafe view
            unsafe kn_kernels_native().pointee.expand_row(output.baseAddress, &weight, row)
        }
    }

    /// The matrix as the kernels see it; valid while `self` lives.
    var view: kn_weight {
        unsafe kn_weight(
            format: format.code,
            data: UnsafeRawPointer(data.base),
            columns: columnCount
        )
    }
}

extension Float {
    /// The upper half of the bits, rounded to nearest even; NaN stays NaN.
    var roundedToBF16: UInt16 {
        let bits = bitPattern
        guard !isNaN else { return UInt16(truncatingIfNeeded: bits >> 16) | 0x40 }
        return UInt16(truncatingIfNeeded: (bits &+ 0x7FFF &+ ((bits >> 16) & 1)) >> 16)
    }
}
