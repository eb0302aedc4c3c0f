import Kernels
import ProbeScheduler

extension Linear {
    /// What the channels that a mask removes would add to the output if they had their expected input.
    ///
    /// - Parameters:
    ///   - expected: Means of the whole input.
    ///   - mask: What is kept, in heads or channels of the transposed weight.
    ///   - compute: The kernels.
    /// - Returns: A bias for the block's output.
    func bias(
        _ expected: ExpectedInput,
        removedBy mask: ChannelMask,
        compute: Compute
    ) -> OutputBias {
        let removed = mask.removedRows(of: weight.rowCount)
        let lists = [expected.means] + (expected.firstPositionMeans.map { [$0] } ?? [])
        var input = Activations(rowCount: lists.count, width: removed.count)
        for (index, means) in lists.enumerated() {
            var row = input.mutableRow(index)
            for (column, channel) in removed.enumerated() { row[column] = means[Int(channel)] }
        }
        var output = Activations(rowCount: lists.count, width: weight.columnCount)
        compute.selectIn(input, weight, keeping: removed, addingTo: &output)
        return OutputBias(
            vector: output.entries(ofRow: 0),
            firstPositionVector: lists.count > 1 ? output.entries(ofRow: 1) : nil
        )
    }
}

extension OutputBias {
    /// Adds the bias to every row of a block's output, `[rows, hidden]`.
    func add(to output: inout Activations, layout: BatchLayout, compute: Compute) {
        compute.addBias(vector, to: &output)
        guard let firstPositionVector else { return }
        for sample in layout.samples where sample.firstPosition == 0 && sample.rowCount > 0 {
            var row = output.mutableRow(sample.firstRow)
            for column in row.indices {
                row[column] += firstPositionVector[column] - vector[column]
            }
        }
    }
}

extension ChannelMask {
    /// Rows of a consumer's transposed weight that belong to what the mask removes, ascending.
    fileprivate func removedRows(of rowCount: Int) -> [Int32] {
        let unit = rowCount / channelCount
        var isKept = [Bool](repeating: false, count: channelCount)
        for channel in kept { isKept[Int(channel)] = true }
        return isKept.indices.filter { !isKept[$0] }
            .flatMap { Int32($0 * unit)..<Int32(($0 + 1) * unit) }
    }
}

extension Activations {
    /// A copy of one row.
    fileprivate borrowing func entries(ofRow index: Int) -> [Float] {
        let row = row(index)
        return row.indices.map { row[$0] }
    }
}
