import JSONText

/// A safetensors file: a JSON header that lists tensors, and their data.
///
/// The file is treated as hostile: every length, shape and offset is checked against the size of
/// the file before it is used.
public struct SafetensorsFile: TensorSource {
    /// The bytes.
    public let file: MappedFile

    /// All tensors, in the order of their data.
    public let tensors: [TensorInfo]

    private let tensorIndices: [String: Int]

    /// Where the file lies; appears in errors.
    public var path: String { file.path }

    /// The file.
    public var files: [MappedFile] { [file] }

    /// Real headers take a hundred bytes a tensor; the format's own limit of 100 MB would let a
    /// hostile one take gigabytes of memory.
    private static let headerLimit = 1 << 24

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
        let header = try Self.header(of: file)
        var tensors: [TensorInfo] = []
        for member in header.members where member.key != "__metadata__" {
            let reader = SafetensorsEntry(
                file: file,
                name: member.key,
                dataOffset: header.end
            )
            tensors.append(try reader.tensor(member.value))
        }
        tensors.sort { ($0.offset, $0.name) < ($1.offset, $1.name) }
        for (tensor, following) in zip(tensors, tensors.dropFirst())
        where following.offset < tensor.offset + tensor.byteCount {
            throw .malformed(
                path: file.path,
                offset: following.offset,
                field: "data of \(following.name)",
                expected: "to start after \(tensor.name), which ends at "
                    + "\(tensor.offset + tensor.byteCount)",
                found: "an overlap"
            )
        }
        self.tensors = tensors
        tensorIndices = Dictionary(
            uniqueKeysWithValues: tensors.enumerated().map { ($1.name, $0) }
        )
    }

    /// The tensor of that name, or nil when there is none.
    public func tensor(named name: String) -> TensorInfo? {
        tensorIndices[name].map { tensors[$0] }
    }

    /// The JSON object in front of the data, and where it ends.
    private static func header(
        of file: MappedFile
    ) throws(ModelFileError) -> (members: [JSONValue.Member], end: Int) {
        let length = file.load(UInt64.self, at: 0)
        let limit = min(headerLimit, file.count - 8)
        guard let length, limit >= 2, (2...UInt64(limit)).contains(length) else {
            throw .malformed(
                path: file.path,
                offset: 0,
                field: "header length",
                expected: "2 to \(max(limit, 2))",
                found: length.map(String.init) ?? "\(file.count) bytes in all"
            )
        }
        let range = 8..<8 + Int(length)
        let value = try JSONReader.read(file.bytes(in: range), path: file.path, start: 8)
        guard let members = value.object else {
            throw .malformed(
                path: file.path,
                offset: 8,
                field: "header",
                expected: "object",
                found: value.kind
            )
        }
        return (members, range.upperBound)
    }
}

/// Checks one tensor's row of a header.
private struct SafetensorsEntry {
    let file: MappedFile
    let name: String
    let dataOffset: Int

    private func malformed(_ field: String, expected: String, found: String) -> ModelFileError {
        .malformed(
            path: file.path,
            offset: 8,
            field: "\(field) of \(name)",
            expected: expected,
            found: found
        )
    }

    func tensor(_ entry: JSONValue) throws(ModelFileError) -> TensorInfo {
        let type = try type(entry["dtype"])
        let shape = try numbers(entry["shape"], "shape")
        guard shape.count <= 4, shape.allSatisfy({ $0 > 0 }) else {
            throw malformed("shape", expected: "at most 4 positive sizes", found: "\(shape)")
        }
        let offsets = try numbers(entry["data_offsets"], "data_offsets")
        let dataCount = file.count - dataOffset
        guard offsets.count == 2, offsets[0] <= offsets[1], offsets[1] <= dataCount else {
            throw malformed(
                "data_offsets",
                expected: "two ascending numbers up to \(dataCount)",
                found: "\(offsets)"
            )
        }
        var byteCount: Int? = type.blockByteCount
        for size in shape {
            let product = byteCount?.multipliedReportingOverflow(by: size)
            byteCount = product.flatMap { $0.overflow ? nil : $0.partialValue }
        }
        guard byteCount == offsets[1] - offsets[0] else {
            throw malformed(
                "data_offsets",
                expected: "\(byteCount.map(String.init) ?? "over 2^63") bytes, as \(type) \(shape)",
                found: "\(offsets[1] - offsets[0])"
            )
        }
        return TensorInfo(
            name: name,
            dimensions: shape.isEmpty ? [1] : shape.reversed(),
            type: type,
            offset: dataOffset + offsets[0],
            byteCount: offsets[1] - offsets[0]
        )
    }

    private func type(_ value: JSONValue?) throws(ModelFileError) -> TensorType {
        guard let name = value?.string, let type = TensorType(safetensors: name) else {
            throw malformed(
                "dtype",
                expected: "a known type such as F32, F16 or BF16",
                found: value?.string ?? value?.kind ?? "nothing"
            )
        }
        return type
    }

    private func numbers(_ value: JSONValue?, _ field: String) throws(ModelFileError) -> [Int] {
        let numbers = value?.array?.compactMap(\.integer).filter { $0 >= 0 }
        guard let numbers, numbers.count == value?.array?.count else {
            throw malformed(
                field,
                expected: "array of integers of 0 and above",
                found: value?.kind ?? "nothing"
            )
        }
        return numbers
    }
}

extension TensorType {
    /// The type of that name in a safetensors file, or nil when its size is not known.
    init?(safetensors name: String) {
        let shared = Self.plain.first { $0.description == name }
        if let shared {
            self = shared
        } else if let size = Self.otherSizes[name] {
            // No GGUF file can have this code.
            self.init(.max, name, blockSize: 1, blockByteCount: size)
        } else {
            return nil
        }
    }

    private static let plain = [
        F32Format.type, F16Format.type, BF16Format.type,
        TensorType(24, "I8", blockSize: 1, blockByteCount: 1),
        TensorType(25, "I16", blockSize: 1, blockByteCount: 2),
        TensorType(26, "I32", blockSize: 1, blockByteCount: 4),
        TensorType(27, "I64", blockSize: 1, blockByteCount: 8),
        TensorType(28, "F64", blockSize: 1, blockByteCount: 8),
    ]

    private static let otherSizes = [
        "BOOL": 1, "U8": 1, "F8_E4M3": 1, "F8_E5M2": 1, "U16": 2, "U32": 4, "U64": 8,
    ]
}
