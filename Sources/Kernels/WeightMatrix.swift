internal import CKernels
import Synchronization

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
    /// Whether the columns are the outputs, as in `Compute.selectIn`.
    let outputsAreColumns: Bool
    /// Whether rows are stored mixed, as products then want their input: see `mix`.
    var isMixed: Bool { format == .int8 && !outputsAreColumns }
    /// The rows of each node; nil: they lie on no node in particular, or on every one.
    let rowShares: NodeShares?
    /// Of a replicated matrix: every node's copy, that of the first one in `data`.
    private let copies: [NodePages]
    private let nodes: NodePlan
    private let data: AlignedMemory<UInt8>
    /// Of the quantised formats, one an output; small, and not placed.
    private let units: AlignedMemory<Float>

    /// What the nodes' shares of the rows are multiples of: what a task takes of them.
    private static var rowGrain: Int { 32 }

    /// Stores a matrix row by row.
    ///
    /// - Parameters:
    ///   - format: How to store it. int8 takes 255 even levels between an output's largest weight and
    ///     its opposite, and where rows are outputs mixes their entries first; int4 takes 16 between the
    ///     extremes of 32 entries of a row. Entries that are not finite make their output NaN.
    ///   - rowCount: Rows.
    ///   - columnCount: Entries a row.
    ///   - columnUnits: For a matrix whose columns are the outputs: `unit(_:of:)` of each column. Nil:
    ///     the rows are the outputs.
    ///   - compute: Whose workers share the rows, and whose nodes hold them; nil: the caller alone, and
    ///     no node in particular.
    ///   - fill: Writes row `row` into the span, `[columnCount]`; with `compute`, from any thread.
    /// - Throws: What `fill` throws.
    public init<E: Error>(
        format: WeightFormat,
        rowCount: Int,
        columnCount: Int,
        columnUnits: [Float]? = nil,
        compute: Compute? = nil,
        fillingRows fill: (_ row: Int, _ into: inout MutableSpan<Float>) throws(E) -> Void
    ) throws(E) {
        precondition(columnUnits.map { $0.count == columnCount } ?? true, "one unit a column")
        self.format = format
        self.rowCount = rowCount
        self.columnCount = columnCount
        outputsAreColumns = columnUnits != nil
        nodes = compute?.nodes ?? .none
        let rowByteCount = format.rowByteCount(columnCount)
        (copies, rowShares) = Self.place(rowCount, rowByteCount: rowByteCount, on: nodes)
        let byteCount = rowCount * rowByteCount
        data =
            copies.first.map { AlignedMemory(count: byteCount, on: $0) }
            ?? AlignedMemory(count: byteCount, sharesPages: true)
        let outputCount = columnUnits?.count ?? rowCount
        units = AlignedMemory(count: Self.unitCount(format, outputCount: outputCount))
        for (column, unit) in (columnUnits ?? []).enumerated() where format.isQuantised {
            // SAFETY: there is room for one unit a column.
            unsafe (units.base + column).initialize(to: unit)
        }
        let failure = Mutex<E?>(nil)
        let (taskRows, rowCount) = (64, rowCount)
        let taskCount = (rowCount + taskRows - 1) / taskRows
        func fillRows(_ task: Int) {
            var row = [Float](repeating: 0, count: columnCount)
            for index in task * taskRows..<min(rowCount, (task + 1) * taskRows) {
                do throws(E) {
                    var span = row.mutableSpan
                    try fill(index, &span)
                } catch {
                    failure.withLock { $0 = $0 ?? error }
                    return
                }
                if isMixed { Self.mix(&row) }
                self.store(row, at: index)
            }
        }
        if let compute {
            compute.pool.run(taskCount: taskCount, fillRows)
        } else {
            for task in 0..<taskCount { fillRows(task) }
        }
        if let error = failure.withLock({ $0 }) { throw error }
    }

    /// Memory that is placed: one that all nodes share, or one on each; none where there is one node.
    private static func place(
        _ rowCount: Int,
        rowByteCount: Int,
        on nodes: NodePlan
    ) -> (copies: [NodePages], rowShares: NodeShares?) {
        guard nodes.isSpread else { return ([], nil) }
        let copyCount = nodes.replicates ? nodes.parts.count : 1
        let copies = (0..<copyCount).compactMap { _ in
            NodePages(byteCount: rowCount * rowByteCount)
        }
        // Without the memory: unplaced, as on one node.
        guard copies.count == copyCount else { return ([], nil) }
        guard !nodes.replicates else {
            for (copy, part) in zip(copies, nodes.parts) { copy.bind(to: part.node) }
            return (copies, nil)
        }
        let shares = nodes.shares(rowCount, grain: rowGrain)
        copies[0].bind(shares.scaled(by: rowByteCount), of: nodes)
        return (copies, shares)
    }

    /// Multiplies each 64 entries with the Hadamard matrix of that size, made orthogonal; that is its own
    /// inverse.
    ///
    /// It spreads over all 64 what few of them hold, weights and activations alike, and both are then
    /// rounded with less loss (QuaRot, arXiv:2404.00456, §3). Their product stays what it was.
    private static func mix(_ row: inout [Float]) {
        // SAFETY: the count is the array's, the kernel works in place and keeps no pointer.
        unsafe row.withUnsafeMutableBufferPointer {
            unsafe kn_kernels_native().pointee.mix($0.baseAddress, $0.baseAddress, $0.count)
        }
    }

    /// The unit in a format of an output whose weights these are; see `WeightMatrix.init`.
    public static func unit(_ format: WeightFormat, of weights: [Float]) -> Float {
        // SAFETY: the count is the array's, and the kernel keeps no pointer.
        unsafe weights.withUnsafeBufferPointer {
            unsafe kn_unit(format.code, $0.baseAddress, $0.count)
        }
    }

    /// Bytes in memory, those of all copies.
    public var byteCount: Int {
        data.count * max(1, copies.count)
            + Self.unitCount(format, outputCount: outputsAreColumns ? columnCount : rowCount)
            * MemoryLayout<Float>.size
    }

    /// Bytes in memory that a matrix would take.
    ///
    /// - Parameters:
    ///   - format: How it would be stored.
    ///   - rowCount: Rows.
    ///   - columnCount: Entries a row.
    ///   - outputCount: The rows, or the columns where they are the outputs.
    /// - Returns: The bytes.
    public static func byteCount(
        format: WeightFormat,
        rowCount: Int,
        columnCount: Int,
        outputCount: Int
    ) -> Int {
        rowCount * format.rowByteCount(columnCount)
            + unitCount(format, outputCount: outputCount) * MemoryLayout<Float>.size
    }

    private static func unitCount(_ format: WeightFormat, outputCount: Int) -> Int {
        format.isQuantised ? outputCount : 0
    }

    /// Writes one row in the matrix's format.
    private func store(_ row: [Float], at index: Int) {
        let rowByteCount = format.rowByteCount(columnCount)
        // SAFETY: row `index` lies within `data`, whose alignment serves every entry type, and
        // is written by one task.
        let target = unsafe UnsafeMutableRawPointer(data.base + index * rowByteCount)
        defer {
            for copy in copies.dropFirst() {
                // SAFETY: copies are as large as `data`, and lie elsewhere.
                unsafe (copy.base + index * rowByteCount)
                    .copyMemory(from: target, byteCount: rowByteCount)
            }
        }
        switch format {
        case .f32:
            unsafe target.bindMemory(to: Float.self, capacity: columnCount)
                .update(from: row, count: columnCount)
        case .bf16:
            let entries = unsafe target.bindMemory(to: UInt16.self, capacity: columnCount)
            for column in 0..<columnCount { unsafe entries[column] = row[column].roundedToBF16 }
        case .int8, .int4:
            let unit = unsafe outputsAreColumns ? units.base : units.base + index
            if !outputsAreColumns { unsafe unit.initialize(to: Self.unit(format, of: row)) }
            unsafe kn_encode_row(
                target,
                format.code,
                row,
                columnCount,
                unit,
                outputsAreColumns ? 1 : 0
            )
        }
    }

    /// Writes one row as 32-bit floats.
    ///
    /// - Parameters:
    ///   - row: In `0..<rowCount`.
    ///   - output: Overwritten, `[columnCount]`.
    public func copyRow(_ row: Int, into output: inout MutableSpan<Float>) {
        precondition(row >= 0 && row < rowCount && output.count == columnCount, "one row")
        let ones = [Float](repeating: 1, count: outputsAreColumns ? rowCount : 0)
        // SAFETY: sizes are checked above, and the kernel keeps no pointer.
        unsafe output.withUnsafeMutableBufferPointer { output in
            unsafe ones.withUnsafeBufferPointer { ones in
                var weight = unsafe view
                if outputsAreColumns { unsafe weight.units = ones.baseAddress }
                let kernels = unsafe kn_kernels_native().pointee
                unsafe kernels.expand_row(output.baseAddress, &weight, row)
                if isMixed {
                    unsafe kernels.mix(output.baseAddress, output.baseAddress, columnCount)
                }
                guard outputsAreColumns, format.isQuantised else { return }
                for column in 0..<columnCount { unsafe output[column] *= units.base[column] }
            }
        }
    }

    /// The entries of an f32 matrix, row by row; valid while `self` lives.
    var floats: UnsafePointer<Float> {
        precondition(format == .f32, "entries of floats")
        return unsafe UnsafePointer(
            UnsafeMutableRawPointer(data.base)
                .bindMemory(to: Float.self, capacity: rowCount * columnCount)
        )
    }

    /// The first row, on the calling thread's node if it has a copy there; valid while `self` lives.
    var base: UnsafeRawPointer {
        copies.count > 1
            ? unsafe UnsafeRawPointer(copies[nodes.currentPart].base)
            : unsafe UnsafeRawPointer(data.base)
    }

    /// The matrix as the kernels see it; valid while `self` lives.
    var view: kn_weight { unsafe view(from: 0) }

    /// The matrix from a row on: where that is not the first one, the columns have to be the outputs.
    func view(from row: Int) -> kn_weight {
        unsafe kn_weight(
            format: format.code,
            data: base + row * format.rowByteCount(columnCount),
            columns: columnCount,
            units: units.base
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
