@testable import Kernels

extension WeightMatrix {
    /// A matrix of the given entries, row by row.
    convenience init(_ entries: [Float], format: WeightFormat, columnCount: Int) {
        let rowCount = columnCount == 0 ? 0 : entries.count / columnCount
        self.init(format: format, rowCount: rowCount, columnCount: columnCount) { row, span in
            for column in 0..<columnCount { span[column] = entries[row * columnCount + column] }
        }
    }

    /// One row as the kernels see it.
    func entries(ofRow row: Int) -> [Float] {
        var entries = [Float](repeating: .nan, count: columnCount)
        var span = entries.mutableSpan
        copyRow(row, into: &span)
        return entries
    }
}
