/// Where one tensor lies in a model's files, and in what form.
///
/// Only readers of files make these, after they have checked every number in them.
public struct TensorInfo: Sendable, Equatable {
    /// Unique in its model.
    public let name: String

    /// Sizes, the fastest dimension first: a matrix of `[out, in]` reads `[in, out]` here.
    ///
    /// One to four, all positive; the first is a multiple of the type's block size.
    public let dimensions: [Int]

    /// How the numbers are stored.
    public let type: TensorType

    /// Byte offset from the start of the file.
    public let offset: Int

    /// Size of the data in bytes.
    public let byteCount: Int

    /// Which of the model's files holds the data; 0 for a model of one file.
    public internal(set) var part = 0

    /// Numbers in one row, which is the fastest dimension.
    public var columnCount: Int { dimensions[0] }

    /// Rows: the product of all dimensions but the fastest.
    public var rowCount: Int { dimensions.dropFirst().reduce(1, *) }

    /// Bytes of one row.
    var rowByteCount: Int { columnCount / type.blockSize * type.blockByteCount }
}
