/// A row-major matrix of 32-bit floats, `[rowCount, width]`, reused from step to step.
///
/// `@unchecked Sendable`: the memory has one owner, and `~Copyable` keeps it so.
public struct Activations: ~Copyable, @unchecked Sendable {
    private var memory: AlignedMemory<Float>
    /// The rows as whole numbers, where a product has asked for them; dropped when they may change.
    let quantised = QuantisedActivations()
    /// Rows in use.
    public private(set) var rowCount: Int
    /// All rows, and the first of those in use, while only some are; else nil.
    private var narrowed: (from: Int, fullCount: Int)?
    /// Entries a row.
    public private(set) var width: Int

    /// No rows, no memory.
    public init() {
        memory = AlignedMemory(count: 0)
        rowCount = 0
        width = 0
    }

    /// A matrix of zeros.
    public init(rowCount: Int, width: Int) {
        self.init()
        reshape(rowCount: rowCount, width: width)
        fill(0)
    }

    /// Changes the shape; the contents are undefined afterwards.
    ///
    /// The memory is kept when it suffices, so a repeated shape allocates nothing.
    public mutating func reshape(rowCount: Int, width: Int) {
        precondition(rowCount >= 0 && width >= 0, "a shape has no negative side")
        quantised.drop()
        narrowed = nil
        let count = rowCount * width
        if count > memory.count {
            memory = AlignedMemory(count: count)
            // SAFETY: `count` entries have just been allocated; touched memory is always initialised.
            unsafe memory.base.initialize(repeating: 0, count: count)
        }
        self.rowCount = rowCount
        self.width = width
    }

    /// Leaves only some of the rows in use, as if there were no others, until `widen`.
    ///
    /// - Parameter rows: Which, of all.
    public mutating func narrow(to rows: Range<Int>) {
        widen()
        precondition(rows.lowerBound >= 0 && rows.upperBound <= rowCount, "rows out of range")
        narrowed = (rows.lowerBound, rowCount)
        rowCount = rows.count
    }

    /// Takes all rows into use again.
    public mutating func widen() {
        quantised.drop()
        rowCount = narrowed?.fullCount ?? rowCount
        narrowed = nil
    }

    /// Sets every entry.
    public mutating func fill(_ value: Float) {
        // SAFETY: `reshape` keeps `rowCount * width <= memory.count`.
        unsafe mutableBase.update(repeating: value, count: rowCount * width)
    }

    /// All entries, row by row.
    public var span: Span<Float> {
        @_lifetime(borrow self)
        borrowing get {
            // SAFETY: within the memory, which lives as long as `self`.
            let span = unsafe Span(_unsafeStart: base, count: rowCount * width)
            return unsafe _overrideLifetime(span, borrowing: self)
        }
    }

    /// All entries, row by row.
    public var mutableSpan: MutableSpan<Float> {
        @_lifetime(&self)
        mutating get {
            // SAFETY: within the memory, which lives as long as `self`; exclusive through `mutating`.
            let span = unsafe MutableSpan(_unsafeStart: mutableBase, count: rowCount * width)
            return unsafe _overrideLifetime(span, mutating: &self)
        }
    }

    /// One row.
    @_lifetime(borrow self)
    public borrowing func row(_ index: Int) -> Span<Float> {
        precondition(index >= 0 && index < rowCount, "row out of range")
        // SAFETY: as `span`, at a checked row.
        let span = unsafe Span(_unsafeStart: base + index * width, count: width)
        return unsafe _overrideLifetime(span, borrowing: self)
    }

    /// One row.
    @_lifetime(&self)
    public mutating func mutableRow(_ index: Int) -> MutableSpan<Float> {
        precondition(index >= 0 && index < rowCount, "row out of range")
        // SAFETY: as `mutableSpan`, at a checked row.
        let span = unsafe MutableSpan(_unsafeStart: mutableBase + index * width, count: width)
        return unsafe _overrideLifetime(span, mutating: &self)
    }

    /// First entry, for kernels that read.
    var base: UnsafePointer<Float> { unsafe UnsafePointer(memory.base + firstEntry) }

    /// First entry, for kernels that write.
    var mutableBase: UnsafeMutablePointer<Float> {
        mutating get {
            quantised.drop()
            return unsafe memory.base + firstEntry
        }
    }

    private var firstEntry: Int { (narrowed?.from ?? 0) * width }
}
