/// A GGUF file: typed metadata, and tensors that can be read as floats row by row.
///
/// The file is treated as hostile: every count, length and offset is checked against the size of
/// the file before it is used, and a `GGUF` exists only for a file whose header and tensor table
/// are sound throughout.
public struct GGUF: Sendable {
    /// Where the file lies; appears in errors.
    public var path: String { file.path }

    /// Version of the format, 2 or 3; they differ only in byte order, which is little-endian here.
    public let version: Int

    /// All key-value pairs.
    public let metadata: [String: MetadataValue]

    /// All tensors, in file order.
    public let tensors: [TensorInfo]

    /// The bytes.
    public let file: MappedFile

    private let tensorIndices: [String: Int]

    /// Maps a file and reads its header.
    ///
    /// - Throws: `ModelFileError` that says what is wrong with the file, and where.
    public init(path: String) throws(ModelFileError) {
        try self.init(MappedFile(path: path))
    }

    /// Reads a file that is in memory.
    ///
    /// - Parameters:
    ///   - bytes: The file.
    ///   - name: Stands for the path in errors.
    /// - Throws: `ModelFileError` that says what is wrong with the bytes, and where.
    public init(bytes: [UInt8], name: String = "memory") throws(ModelFileError) {
        try self.init(MappedFile(bytes: bytes, name: name))
    }

    init(_ file: MappedFile) throws(ModelFileError) {
        self.file = file
        var reader = GGUFReader(file)
        version = try reader.signatureAndVersion()
        // Name, dimension count, one dimension, type, offset; and key, type, value.
        let tensorCount = try reader.count("tensor count", minimumSize: 8 + 4 + 8 + 4 + 8)
        let metadataCount = try reader.count("metadata count", minimumSize: 8 + 1 + 4 + 1)
        metadata = try reader.metadata(count: metadataCount)
        let table = try reader.tensors(count: tensorCount, alignment: reader.alignment(metadata))
        tensors = table
        tensorIndices = Dictionary(
            uniqueKeysWithValues: table.enumerated().map { ($1.name, $0) }
        )
    }

    /// The tensor of that name, or nil when there is none.
    public func tensor(named name: String) -> TensorInfo? {
        tensorIndices[name].map { tensors[$0] }
    }

    /// Reads one row of a tensor as floats.
    ///
    /// - Parameters:
    ///   - row: In `0..<tensor.rowCount`; counts through all dimensions but the fastest.
    ///   - tensor: One of this file's `tensors`.
    ///   - values: Overwritten; as long as `tensor.columnCount`.
    /// - Throws: `ModelFileError.unsupportedTensorType` when the type cannot be decoded.
    public func copyRow(
        _ row: Int,
        of tensor: TensorInfo,
        into values: inout MutableSpan<Float>
    ) throws(ModelFileError) {
        guard let format = tensor.type.format else {
            throw .unsupportedTensorType(
                path: path,
                tensor: tensor.name,
                found: tensor.type.description,
                supported: TensorType.decodable
            )
        }
        precondition(row >= 0 && row < tensor.rowCount, "the tensor must have the row")
        precondition(values.count == tensor.columnCount, "the span must be as long as a row")
        let start = tensor.offset + row * tensor.rowByteCount
        decode(start..<start + tensor.rowByteCount, as: format, into: &values)
    }

    private func decode<Format: BlockFormat>(
        _ range: Range<Int>,
        as format: Format.Type,
        into values: inout MutableSpan<Float>
    ) {
        file.withBytes(in: range) { format.decode($0, into: &values) }
    }
}

extension GGUF {
    /// The value of a key.
    ///
    /// - Throws: `ModelFileError` when the key is absent or its value is of another kind.
    public func value<Value>(
        _ key: String,
        as kind: MetadataKind<Value>
    ) throws(ModelFileError) -> Value {
        guard let value = try valueIfPresent(key, as: kind) else {
            throw .missingMetadata(path: path, key: key, expected: kind.name)
        }
        return value
    }

    /// The value of a key, or nil when the key is absent.
    ///
    /// - Throws: `ModelFileError` when the value is of another kind.
    public func valueIfPresent<Value>(
        _ key: String,
        as kind: MetadataKind<Value>
    ) throws(ModelFileError) -> Value? {
        guard let stored = metadata[key] else { return nil }
        guard let value = kind.extract(stored) else {
            throw .badMetadata(path: path, key: key, expected: kind.name, found: stored.typeName)
        }
        return value
    }
}
