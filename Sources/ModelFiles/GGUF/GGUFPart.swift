/// The header of one GGUF file.
struct GGUFPart {
    let file: MappedFile
    let version: Int
    let metadata: [String: MetadataValue]
    let tensors: [TensorInfo]

    /// - Throws: `ModelFileError` that says what is wrong with the file, and where.
    init(_ file: MappedFile) throws(ModelFileError) {
        self.file = file
        var reader = GGUFReader(file)
        version = try reader.signatureAndVersion()
        // Name, dimension count, one dimension, type, offset; and key, type, value.
        let tensorCount = try reader.count("tensor count", minimumSize: 8 + 4 + 8 + 4 + 8)
        let metadataCount = try reader.count("metadata count", minimumSize: 8 + 1 + 4 + 1)
        metadata = try reader.metadata(count: metadataCount)
        tensors = try reader.tensors(count: tensorCount, alignment: reader.alignment(metadata))
    }

    /// An integer of the metadata, or nil when the key is absent.
    ///
    /// - Throws: `ModelFileError` when the value lies outside of `range` or is no integer.
    func integer(_ key: String, in range: ClosedRange<Int>) throws(ModelFileError) -> Int? {
        guard let stored = metadata[key] else { return nil }
        let value = MetadataKind.integer.extract(stored)
        guard let value, range.contains(value) else {
            throw .badMetadata(
                path: file.path,
                key: key,
                expected: range.count == 1
                    ? "\(range.lowerBound)" : "\(range.lowerBound) to \(range.upperBound)",
                found: value.map(String.init) ?? stored.typeName
            )
        }
        return value
    }
}
