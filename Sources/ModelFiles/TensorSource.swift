/// Named tensors in one or several files, which can be read as floats row by row.
///
/// Sources are values that nothing changes, so that many threads may read rows at once.
public protocol TensorSource: Sendable {
    /// Where the file or folder lies; appears in errors.
    var path: String { get }

    /// The files; a tensor's `part` counts through them.
    var files: [MappedFile] { get }

    /// All tensors.
    var tensors: [TensorInfo] { get }

    /// The tensor of that name, or nil when there is none.
    func tensor(named name: String) -> TensorInfo?
}

extension TensorSource {
    /// Reads one row of a tensor as floats.
    ///
    /// - Parameters:
    ///   - row: In `0..<tensor.rowCount`; counts through all dimensions but the fastest.
    ///   - tensor: One of this source's `tensors`.
    ///   - values: Overwritten; as long as `tensor.columnCount`.
    /// - Throws: `ModelFileError.unsupportedTensorType` when the type cannot be decoded.
    public func copyRow(
        _ row: Int,
        of tensor: TensorInfo,
        into values: inout MutableSpan<Float>
    ) throws(ModelFileError) {
        guard let format = tensor.type.format else { throw undecodable(tensor) }
        precondition(row >= 0 && row < tensor.rowCount, "the tensor must have the row")
        precondition(values.count == tensor.columnCount, "the span must be as long as a row")
        let start = tensor.offset + row * tensor.rowByteCount
        decode(
            start..<start + tensor.rowByteCount,
            of: files[tensor.part],
            as: format,
            into: &values
        )
    }

    private func decode<Format: BlockFormat>(
        _ range: Range<Int>,
        of file: MappedFile,
        as format: Format.Type,
        into values: inout MutableSpan<Float>
    ) {
        file.withBytes(in: range) { format.decode($0, into: &values) }
    }

    /// The error that a tensor's type has no decoder.
    func undecodable(_ tensor: TensorInfo) -> ModelFileError {
        .unsupportedTensorType(
            path: path,
            tensor: tensor.name,
            found: tensor.type.description,
            supported: TensorType.decodable
        )
    }

    /// Gives the pages read so far back to the system; they are read again when next needed.
    public func release() {
        for file in files { file.release() }
    }
}
