extension GGUFReader {
    // "GGUF" as a little-endian integer.
    private static let signature: UInt32 = 0x4655_4747

    /// A tensor's name in ggml has this many bytes at most.
    private static let tensorNameLimit = 64

    /// The specification's limit for keys.
    private static let keyLimit = 65535

    mutating func signatureAndVersion() throws(ModelFileError) -> Int {
        let signature = try integer(UInt32.self, "signature")
        guard signature == Self.signature else {
            throw malformed(
                at: 0,
                "signature",
                expected: "GGUF",
                found: "0x" + String(UInt32(bigEndian: signature), radix: 16)
            )
        }
        let version = try integer(UInt32.self, "version")
        guard version == 2 || version == 3 else {
            let isSwapped = version.byteSwapped <= 3 && version != 0
            throw malformed(
                at: 4,
                "version",
                expected: "2 or 3, little-endian",
                found: isSwapped ? "\(version.byteSwapped), big-endian" : "\(version)"
            )
        }
        return Int(version)
    }

    mutating func metadata(count: Int) throws(ModelFileError) -> [String: MetadataValue] {
        var metadata = [String: MetadataValue](minimumCapacity: count)
        for index in 0..<count {
            let start = offset
            let key = try string("metadata key \(index)", limit: Self.keyLimit)
            guard !key.isEmpty else {
                throw malformed(
                    at: start,
                    "metadata key \(index)",
                    expected: "a name",
                    found: "no characters"
                )
            }
            guard metadata[key] == nil else {
                throw malformed(
                    at: start,
                    "metadata key \(index)",
                    expected: "a key of its own",
                    found: "\(key) again"
                )
            }
            metadata[key] = try value(key)
        }
        return metadata
    }

    /// The multiple at which every tensor's data starts.
    func alignment(_ metadata: [String: MetadataValue]) throws(ModelFileError) -> Int {
        let key = "general.alignment"
        guard let value = metadata[key] else { return 32 }
        guard let alignment = MetadataKind.integer.extract(value), alignment >= 8,
            alignment <= 1 << 20, alignment.nonzeroBitCount == 1
        else {
            throw .badMetadata(
                path: file.path,
                key: key,
                expected: "a power of two from 8 to 1048576",
                found: MetadataKind.integer.extract(value).map(String.init) ?? value.typeName
            )
        }
        return alignment
    }

    mutating func tensors(count: Int, alignment: Int) throws(ModelFileError) -> [TensorInfo] {
        var entries: [TensorEntry] = []
        entries.reserveCapacity(count)
        var names = Set<String>(minimumCapacity: count)
        for index in 0..<count {
            let start = offset
            let name = try string("name of tensor \(index)", limit: Self.tensorNameLimit)
            guard !name.isEmpty, names.insert(name).inserted else {
                throw malformed(
                    at: start,
                    "name of tensor \(index)",
                    expected: "a name of its own",
                    found: name.isEmpty ? "no characters" : "\(name) again"
                )
            }
            entries.append(try tensor(name, alignment: alignment))
        }
        let tensors = try place(entries, dataOffset: dataOffset(alignment: alignment))
        try checkOverlaps(tensors)
        return tensors
    }

    /// A row of the tensor table: where its offset is written, and the tensor with an offset that
    /// still counts from the start of the data.
    private typealias TensorEntry = (field: Int, tensor: TensorInfo)

    private mutating func tensor(
        _ name: String,
        alignment: Int
    ) throws(ModelFileError) -> TensorEntry {
        let start = offset
        let dimensionCount = try integer(UInt32.self, "dimension count of \(name)")
        guard (1...4).contains(dimensionCount) else {
            throw malformed(
                at: start,
                "dimension count of \(name)",
                expected: "1 to 4",
                found: "\(dimensionCount)"
            )
        }
        var dimensions: [Int] = []
        for index in 0..<Int(dimensionCount) {
            let start = offset
            let field = "dimension \(index) of \(name)"
            let value = try integer(UInt64.self, field)
            guard value > 0, let dimension = Int(exactly: value) else {
                throw malformed(
                    at: start,
                    field,
                    expected: "a positive number below 2^63",
                    found: "\(value)"
                )
            }
            dimensions.append(dimension)
        }
        let type = try tensorType(name)
        let byteCount = try byteCount(name, dimensions, type, at: start)
        let field = offset
        let offset = try integer(UInt64.self, "offset of \(name)")
        guard offset % UInt64(alignment) == 0, let offset = Int(exactly: offset) else {
            throw malformed(
                at: field,
                "offset of \(name)",
                expected: "a multiple of \(alignment) below 2^63",
                found: "\(offset)"
            )
        }
        let tensor = TensorInfo(
            name: name,
            dimensions: dimensions,
            type: type,
            offset: offset,
            byteCount: byteCount
        )
        return (field, tensor)
    }

    private mutating func tensorType(_ name: String) throws(ModelFileError) -> TensorType {
        let start = offset
        let code = try integer(UInt32.self, "type of \(name)")
        guard let type = TensorType(code: code) else {
            throw malformed(
                at: start,
                "type of \(name)",
                expected: "a known tensor type",
                found: "\(code)"
            )
        }
        return type
    }

    private func byteCount(
        _ name: String,
        _ dimensions: [Int],
        _ type: TensorType,
        at start: Int
    ) throws(ModelFileError) -> Int {
        guard dimensions[0] % type.blockSize == 0 else {
            throw malformed(
                at: start,
                "dimension 0 of \(name)",
                expected: "a multiple of \(type.blockSize), the block size of \(type)",
                found: "\(dimensions[0])"
            )
        }
        var size = dimensions[0] / type.blockSize
        for factor in dimensions.dropFirst() + [type.blockByteCount] {
            let (product, overflow) = size.multipliedReportingOverflow(by: factor)
            guard !overflow else {
                throw malformed(
                    at: start,
                    "shape of \(name)",
                    expected: "fewer than 2^63 bytes",
                    found: "\(dimensions)"
                )
            }
            size = product
        }
        return size
    }

    /// Where the data starts: after the tensor table, aligned.
    private func dataOffset(alignment: Int) -> Int {
        (offset + alignment - 1) & ~(alignment - 1)
    }

    /// Turns offsets into the data into offsets into the file.
    private func place(
        _ entries: [TensorEntry],
        dataOffset: Int
    ) throws(ModelFileError) -> [TensorInfo] {
        var tensors: [TensorInfo] = []
        tensors.reserveCapacity(entries.count)
        for (field, tensor) in entries {
            let (offset, overflow) = tensor.offset.addingReportingOverflow(dataOffset)
            guard !overflow, file.contains(tensor.byteCount, at: offset) else {
                throw malformed(
                    at: field,
                    "offset of \(tensor.name)",
                    expected: "\(tensor.byteCount) bytes inside the file of \(file.count)",
                    found: "offset \(tensor.offset) from \(dataOffset)"
                )
            }
            tensors.append(
                TensorInfo(
                    name: tensor.name,
                    dimensions: tensor.dimensions,
                    type: tensor.type,
                    offset: offset,
                    byteCount: tensor.byteCount
                )
            )
        }
        return tensors
    }

    private func checkOverlaps(_ tensors: [TensorInfo]) throws(ModelFileError) {
        let sorted = tensors.sorted { $0.offset < $1.offset }
        for (tensor, next) in zip(sorted, sorted.dropFirst())
        where next.offset < tensor.offset + tensor.byteCount {
            throw malformed(
                at: next.offset,
                "data of \(next.name)",
                expected: "to start after \(tensor.name), which ends at "
                    + "\(tensor.offset + tensor.byteCount)",
                found: "an overlap"
            )
        }
    }
}
