public import Foundation

/// A model on disk, whatever its format: what it is, and its tensors under canonical names.
///
/// Names are those of GGUF (`blk.3.attn_q.weight`; the whole table is `ModelConfig.tensorRoles`).
/// Projections that a file keeps as one are listed one by one.
public struct ModelFile: TensorSource {
    /// The file or folder.
    public let path: String

    /// What the model is.
    public let config: ModelConfig

    /// The files.
    public let files: [MappedFile]

    /// All tensors that the architecture has, under canonical names, and no others.
    public let tensors: [TensorInfo]

    /// The GGUF file, whose metadata holds the tokenizer; nil for a folder.
    public let gguf: GGUF?

    /// The folder of `tokenizer.json` and its kin; nil for a GGUF file.
    public let folder: URL?

    private let tensorIndices: [String: Int]

    /// Opens a GGUF file, any part of a split one, or a folder from Hugging Face.
    ///
    /// - Throws: `ModelFileError` that says what is wrong, where, and what is supported.
    public init(path: String) throws(ModelFileError) {
        var isFolder = ObjCBool(false)
        let exists = unsafe FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
        if exists, isFolder.boolValue {
            try self.init(HuggingFaceFolder(path: path))
        } else {
            try self.init(GGUF(path: path))
        }
    }

    /// The model in a GGUF file.
    ///
    /// - Throws: `ModelFileError` that names the key or the tensor.
    public init(_ gguf: GGUF) throws(ModelFileError) {
        let config = try ModelConfig(metadataOf: gguf)
        let tensors = try config.canonicalTensors(of: gguf, naming: .gguf)
        self.init(gguf, config, tensors, gguf: gguf, folder: nil)
    }

    /// The model in a folder.
    ///
    /// - Throws: `ModelFileError` that names the key or the tensor.
    public init(_ folder: HuggingFaceFolder) throws(ModelFileError) {
        let config = try ModelConfig(descriptionsIn: folder)
        let tensors = try config.canonicalTensors(of: folder, naming: .huggingFace)
        self.init(folder, config, tensors, gguf: nil, folder: URL(filePath: folder.path))
    }

    private init(
        _ source: some TensorSource,
        _ config: ModelConfig,
        _ tensors: [TensorInfo],
        gguf: GGUF?,
        folder: URL?
    ) {
        path = source.path
        files = source.files
        self.config = config
        self.tensors = tensors
        self.gguf = gguf
        self.folder = folder
        tensorIndices = Dictionary(
            uniqueKeysWithValues: tensors.enumerated().map { ($1.name, $0) }
        )
    }

    /// The tensor of that canonical name, or nil when the architecture has none.
    public func tensor(named name: String) -> TensorInfo? {
        tensorIndices[name].map { tensors[$0] }
    }
}
