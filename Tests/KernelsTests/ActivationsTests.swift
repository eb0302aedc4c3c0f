import Testing

@testable import Kernels

@Suite("Activations")
struct ActivationsTests {
    @Test("start empty, or as zeros of the given shape")
    func start() {
        let empty = Activations()
        #expect(empty.rowCount == 0)
        #expect(empty.width == 0)
        #expect(empty.entries.isEmpty)
        let zeros = Activations(rowCount: 3, width: 5)
        #expect(zeros.rowCount == 3)
        #expect(zeros.width == 5)
        #expect(zeros.entries == [Float](repeating: 0, count: 15))
    }

    @Test("reshape keeps the memory when it suffices, and takes more when it does not")
    func reshape() {
        var activations = Activations(rowCount: 4, width: 6)
        let before = unsafe activations.base
        for (rows, width) in [(6, 4), (1, 24), (2, 3), (0, 6), (6, 0), (4, 6)] {
            activations.reshape(rowCount: rows, width: width)
            #expect(unsafe activations.base == before)
            #expect(activations.rowCount == rows)
            #expect(activations.width == width)
            #expect(activations.entries.count == rows * width)
        }
        activations.reshape(rowCount: 100, width: 100)
        activations.fill(2)
        #expect(activations.entries == [Float](repeating: 2, count: 10_000))
    }

    @Test("reshape to a smaller shape keeps the entries in memory as they were")
    func reshapeKeepsEntries() {
        var activations = Activations([1, 2, 3, 4, 5, 6], width: 3)
        activations.reshape(rowCount: 2, width: 2)
        #expect(activations.entries == [1, 2, 3, 4])
        activations.fill(0)
        activations.reshape(rowCount: 2, width: 3)
        #expect(activations.entries == [0, 0, 0, 0, 5, 6])
    }

    @Test("memory begins at a cache line", arguments: [0, 1, 15, 17, 4_097])
    func isAligned(count: Int) {
        let activations = Activations(rowCount: 1, width: count)
        #expect(unsafe Int(bitPattern: activations.base).isMultiple(of: 64))
    }

    @Test("rows are read and written in place")
    func rows() {
        var activations = Activations(rowCount: 3, width: 2)
        var row = activations.mutableRow(1)
        row[0] = 7
        row[1] = 8
        #expect(activations.entries == [0, 0, 7, 8, 0, 0])
        let (first, second) = (activations.row(1)[0], activations.row(1)[1])
        #expect(first == 7 && second == 8)
        #expect(activations.row(2).count == 2)
    }

    @Test("narrowed to some rows there are no others, until all come back")
    func narrow() {
        var activations = Activations([1, 2, 3, 4, 5, 6, 7, 8], width: 2)
        activations.narrow(to: 1..<3)
        #expect(activations.rowCount == 2 && activations.entries == [3, 4, 5, 6])
        activations.fill(0)
        var row = activations.mutableRow(1)
        row[0] = 9
        // Rows are always counted from the first of all.
        activations.narrow(to: 3..<4)
        #expect(activations.entries == [7, 8])
        activations.widen()
        #expect(activations.entries == [1, 2, 0, 0, 9, 0, 7, 8])
        activations.narrow(to: 2..<2)
        #expect(activations.rowCount == 0)
        activations.reshape(rowCount: 4, width: 2)
        #expect(activations.entries == [1, 2, 0, 0, 9, 0, 7, 8])
    }
}
