internal import CKernels
import Synchronization

/// Memory in which matrices are turned round on their way from a file, one after another.
///
/// It grows to the largest and is kept, because the system clears new memory page by page: for a model
/// of 1.5 billion weights that was a sixth of the time to load.
public final class TransposeBuffer {
    /// Rows of the matrix that it holds.
    public private(set) var rowCount = 0
    /// Entries a row.
    public private(set) var columnCount = 0
    private var memory = AlignedMemory<Float>(count: 0)
    private let compute: Compute

    /// - Parameter compute: Whose workers share the rows.
    public init(compute: Compute) {
        self.compute = compute
    }

    /// Takes a matrix in place of the one before.
    ///
    /// - Parameters:
    ///   - rowCount: Rows.
    ///   - columnCount: Entries a row.
    ///   - fill: Writes row `row` into the span, `[columnCount]`, from any thread.
    /// - Throws: What `fill` throws.
    public func load<E: Error>(
        rowCount: Int,
        columnCount: Int,
        fillingRows fill: (_ row: Int, _ into: inout MutableSpan<Float>) throws(E) -> Void
    ) throws(E) {
        if memory.count < rowCount * columnCount {
            memory = AlignedMemory(count: rowCount * columnCount)
        }
        (self.rowCount, self.columnCount) = (rowCount, columnCount)
        let failure = Mutex<E?>(nil)
        let base = unsafe memory.base
        compute.forEachRow(rowCount) { row in
            // SAFETY: rows lie within `memory`; each is written by one task.
            var span = unsafe MutableSpan(
                _unsafeStart: base + row * columnCount,
                count: columnCount
            )
            do throws(E) { try fill(row, &span) } catch {
                failure.withLock { $0 = $0 ?? error }
            }
        }
        if let error = failure.withLock({ $0 }) { throw error }
    }

    /// The unit in a format of each row as an output, `[rowCount]`; see `WeightMatrix.init`.
    public func rowUnits(_ format: WeightFormat) -> [Float] {
        var units = [Float](repeating: 0, count: rowCount)
        let (base, columnCount) = unsafe (memory.base, columnCount)
        unsafe units.withUnsafeMutableBufferPointer { units in
            guard let units = units.baseAddress else { return }
            compute.forEachRow(rowCount) { row in
                // SAFETY: as in `load`; every unit is written by one task.
                unsafe units[row] = kn_unit(format.code, base + row * columnCount, columnCount)
            }
        }
        return units
    }

    /// Writes one column.
    ///
    /// - Parameters:
    ///   - column: In `0..<columnCount`.
    ///   - output: Overwritten, `[rowCount]`.
    public func copyColumn(_ column: Int, into output: inout MutableSpan<Float>) {
        precondition(column >= 0 && column < columnCount && output.count == rowCount, "one column")
        // SAFETY: every entry lies within `memory`.
        for row in 0..<rowCount { output[row] = unsafe memory.base[row * columnCount + column] }
    }
}
