@testable import Kernels

extension Activations {
    /// A matrix of the given entries, row by row.
    init(_ entries: [Float], width: Int) {
        self.init(rowCount: width == 0 ? 0 : entries.count / width, width: width)
        var span = mutableSpan
        for index in entries.indices { span[index] = entries[index] }
    }

    /// All entries, row by row.
    var entries: [Float] {
        let span = span
        var entries: [Float] = []
        for index in span.indices { entries.append(span[index]) }
        return entries
    }
}

extension [Float] {
    /// What two results that are the same bit for bit share.
    var bits: [UInt32] { map(\.bitPattern) }

    /// Row `index` of rows that are `width` wide.
    func row(_ index: Int, width: Int) -> [Float] {
        Array(self[index * width..<(index + 1) * width])
    }
}
