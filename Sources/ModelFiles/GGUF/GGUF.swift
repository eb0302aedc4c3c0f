/// A GGUF file, or several that make up one model: typed metadata, and tensors that can be read as floats row by row.
///
/// The file is treated as hostile: every count, length and offset is checked against the size of
/// the file before it is used, and a `GGUF` exists only for a file whose header and tensor table
/// are sound throughout.
public struct GGUF: TensorSource {
    /// Where the file lies; appears in errors.
    public var path: String { file.path }

    /// Version of the format, 2 or 3; they differ only in byte order, which is little-endian here.
    public let version: Int

    /// All key-value pairs.
    public let metadata: [String: MetadataValue]

    /// All tensors, in file order.
    public let tensors: [TensorInfo]

    /// The files, in the order of their parts; one, unless the model is split.
    public let files: [MappedFile]

    /// The file that the metadata comes from.
    public var file: MappedFile { files[0] }

    private let tensorIndices: [String: Int]

    /// Maps a file and reads its header; of a split model, those of all its parts.
    ///
    /// - Parameter path: The file, or any part of a split model (`*-00001-of-00003.gguf`).
    /// - Throws: `ModelFileError` that says what is wrong with the file, and where.
    public init(path: String) throws(ModelFileError) {
        let part = try GGUFPart(MappedFile(path: path))
        guard let split = try GGUFSplit(part) else {
            self.init(part, parts: [part])
            return
        }
        let parts = try split.parts(of: part)
        self.init(parts[0], parts: parts)
    }

    /// Reads a file that is in memory.
    ///
    /// - Parameters:
    ///   - bytes: The file.
    ///   - name: Stands for the path in errors.
    /// - Throws: `ModelFileError` that says what is wrong with the bytes, and where.
    public init(bytes: [UInt8], name: String = "memory") throws(ModelFileError) {
        let part = try GGUFPart(MappedFile(bytes: bytes, name: name))
        if let split = try GGUFSplit(part) {
            throw .badMetadata(
                path: name,
                key: "split.count",
                expected: "1 for a file in memory",
                found: "\(split.count)"
            )
        }
        self.init(part, parts: [part])
    }

    /// - Parameters:
    ///   - main: The part with the metadata.
    ///   - parts: All parts; no two tensors share a name.
    private init(_ main: GGUFPart, parts: [GGUFPart]) {
        version = main.version
        metadata = main.metadata
        files = parts.map(\.file)
        tensors = parts.enumerated().flatMap { index, part in
            part.tensors.map { tensor in
                var tensor = tensor
                tensor.part = index
                return tensor
            }
        }
        tensorIndices = Dictionary(
            uniqueKeysWithValues: tensors.enumerated().map { ($1.name, $0) }
        )
    }

    /// The tensor of that name, or nil when there is none.
    public func tensor(named name: String) -> TensorInfo? {
        tensorIndices[name].map { tensors[$0] }
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
