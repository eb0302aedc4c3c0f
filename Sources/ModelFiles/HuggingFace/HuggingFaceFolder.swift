import Foundation
import JSONText

/// A folder as Hugging Face lays it out: `config.json` and safetensors files.
///
/// Tensors go by the names that the files give them, less the prefixes `model.` and `decoder.`,
/// which some exports write and others leave out.
public struct HuggingFaceFolder: TensorSource {
    /// Path of the folder.
    public let path: String

    /// The safetensors files.
    public let files: [MappedFile]

    /// All tensors.
    public let tensors: [TensorInfo]

    private let tensorIndices: [String: Int]

    /// The members of `config.json`.
    let config: HuggingFaceKeys

    /// The members of `generation_config.json`; none when there is no such file.
    let generation: HuggingFaceKeys

    /// The members of `tokenizer_config.json` but the special tokens; none when there is none.
    let tokenizer: HuggingFaceKeys

    /// Descriptions of models are small; a larger one is not what its name says.
    private static let textLimit = 1 << 25

    /// Reads the descriptions and maps the files.
    ///
    /// - Throws: `ModelFileError` that says what is wrong, and in which file.
    public init(path: String) throws(ModelFileError) {
        self.path = path
        guard let config = try Self.object("config.json", in: path) else {
            throw .folderUnsupported(path: path)
        }
        self.config = config
        generation =
            try Self.object("generation_config.json", in: path)
            ?? HuggingFaceKeys(path: path)
        tokenizer =
            try Self.object("tokenizer_config.json", in: path)
            ?? HuggingFaceKeys(path: path)
        let shards = try Self.shards(in: path)
        files = shards.map(\.file)
        var tensors: [TensorInfo] = []
        var indices: [String: Int] = [:]
        for (part, shard) in shards.enumerated() {
            for tensor in shard.tensors {
                let name = Self.shortened(tensor.name)
                guard indices.updateValue(tensors.count, forKey: name) == nil else {
                    throw .malformed(
                        path: shard.path,
                        offset: 8,
                        field: "tensor \(tensor.name)",
                        expected: "a name of its own in the folder",
                        found: "the name again"
                    )
                }
                tensors.append(
                    TensorInfo(
                        name: name,
                        dimensions: tensor.dimensions,
                        type: tensor.type,
                        offset: tensor.offset,
                        byteCount: tensor.byteCount,
                        part: part
                    )
                )
            }
        }
        self.tensors = tensors
        tensorIndices = indices
    }

    /// The tensor of that name, or nil when there is none.
    public func tensor(named name: String) -> TensorInfo? {
        tensorIndices[name].map { tensors[$0] }
    }

    private static func shortened(_ name: String) -> String {
        var name = name[...]
        for prefix in ["model.", "decoder."] where name.hasPrefix(prefix) {
            name = name.dropFirst(prefix.count)
        }
        return String(name)
    }

    /// Reads a JSON file; nil when there is none.
    private static func object(
        _ name: String,
        in folder: String
    ) throws(ModelFileError) -> HuggingFaceKeys? {
        let path = folder + "/" + name
        guard FileManager.default.fileExists(atPath: path) else { return nil }
        let file = try MappedFile(path: path)
        guard file.count <= textLimit else {
            throw .wrongSize(path: path, expected: textLimit, found: file.count)
        }
        let value = try JSONReader.read(file.bytes(in: 0..<file.count), path: path)
        guard case .object = value else {
            throw .malformed(
                path: path,
                offset: 0,
                field: "JSON",
                expected: "object",
                found: value.kind
            )
        }
        return HuggingFaceKeys(path: path, object: value)
    }

    // MARK: Shards

    private static func shards(in folder: String) throws(ModelFileError) -> [SafetensorsFile] {
        let indexName = "model.safetensors.index.json"
        if let index = try object(indexName, in: folder) {
            return try shards(index, in: folder)
        }
        let whole = folder + "/model.safetensors"
        guard FileManager.default.fileExists(atPath: whole) else {
            throw .missingPart(
                path: whole,
                part: 1,
                count: 1,
                reason: "expected this file, or \(indexName) and the files that it names"
            )
        }
        return [try SafetensorsFile(path: whole)]
    }

    private static func shards(
        _ index: HuggingFaceKeys,
        in folder: String
    ) throws(ModelFileError) -> [SafetensorsFile] {
        let map = try index.child("weight_map")?.object.object ?? []
        var places: [String: [String]] = [:]
        for member in map {
            let (tensor, value) = (member.key, member.value)
            let name = value.string ?? ""
            guard isPlainName(name) else {
                throw .badMetadata(
                    path: index.path,
                    key: "weight_map.\(tensor)",
                    expected: "name of a .safetensors file in this folder",
                    found: value.string ?? value.kind
                )
            }
            places[name, default: []].append(tensor)
        }
        guard !places.isEmpty else {
            throw .missingMetadata(path: index.path, key: "weight_map", expected: "object")
        }
        var shards: [SafetensorsFile] = []
        for (number, (name, tensors)) in places.sorted(by: { $0.key < $1.key }).enumerated() {
            let path = folder + "/" + name
            guard FileManager.default.fileExists(atPath: path) else {
                throw .missingPart(
                    path: path,
                    part: number + 1,
                    count: places.count,
                    reason: "named in \(index.path)"
                )
            }
            let shard = try SafetensorsFile(path: path)
            if let tensor = tensors.sorted().first(where: { shard.tensor(named: $0) == nil }) {
                throw .missingTensor(path: path, tensor: tensor, expected: [])
            }
            shards.append(shard)
        }
        return shards
    }

    /// Whether a name cannot lead out of its folder.
    private static func isPlainName(_ name: String) -> Bool {
        name.hasSuffix(".safetensors") && !name.contains("/") && !name.contains("\0")
    }
}
