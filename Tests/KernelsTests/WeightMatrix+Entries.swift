@testable import Kernels

extension WeightMatrix {
    /// A matrix of the given entries, row by row.
    convenience init(
        _ entries: [Float],
        format: WeightFormat,
        columnCount: Int,
        outputsAreColumns: Bool = false,
        compute: Compute? = nil
    ) {
        let rowCount = columnCount == 0 ? 0 : entries.count / columnCount
        let units = (0..<columnCount).map { column in
            WeightMatrix.unit(
                format,
                of: (0..<rowCount).map { entries[$0 * columnCount + column] }
            )
        }
        self.init(
            format: format,
            rowCount: rowCount,
            columnCount: columnCount,
            columnUnits: outputsAreColumns ? units : nil,
            compute: compute
        ) { row, span in
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
