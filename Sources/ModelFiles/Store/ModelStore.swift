public import Foundation

/// The folder of pulled models: `$SONDE_HOME`, else `~/.cache/sonde`.
///
/// Models lie in `models/NAME.gguf`; a file there is always complete.
public struct ModelStore: Sendable {
    /// The cache folder; it need not exist.
    public let folder: URL

    /// The models that can be pulled.
    public let known: [KnownModel]

    /// The store that an environment asks for.
    public init(environment: [String: String] = ProcessInfo.processInfo.environment) {
        if let home = environment["SONDE_HOME"], !home.isEmpty {
            self.init(folder: URL(filePath: home))
        } else {
            let home = environment["HOME"].map { URL(filePath: $0) }
            let user = home ?? FileManager.default.homeDirectoryForCurrentUser
            self.init(folder: user.appending(path: ".cache/sonde"))
        }
    }

    /// The store in a folder.
    public init(folder: URL, known: [KnownModel] = KnownModel.all) {
        self.folder = folder
        self.known = known
    }

    /// Where the models lie.
    var modelsFolder: URL { folder.appending(path: "models") }

    /// Where the model of that name lies, or will lie once it is pulled.
    public func url(named name: String) -> URL {
        modelsFolder.appending(path: "\(name).gguf")
    }

    /// Names of the models that are here, in alphabetical order.
    public var pulled: [String] {
        let files = try? FileManager.default.contentsOfDirectory(atPath: modelsFolder.path)
        return (files ?? []).filter { $0.hasSuffix(".gguf") }.map { String($0.dropLast(5)) }
            .sorted()
    }

    /// Finds the file that a user means by a path or by the name of a pulled model.
    ///
    /// What starts with `hf:` is a repository, what contains a slash or ends in `.gguf` is a path,
    /// everything else a name. A folder is a path of its own when it holds `config.json`.
    ///
    /// - Throws: `ModelFileError` that says what exists, and what a path looks like.
    public func resolve(_ model: String) throws(ModelFileError) -> URL {
        if let reference = try HubReference(model) {
            guard let url = location(of: reference) else {
                throw .notPulled(name: model, path: folder(of: reference).path)
            }
            return url
        }
        if model.contains("/") || model.hasSuffix(".gguf") {
            return try resolvePath(model)
        }
        if let entry = known.first(where: { $0.name == model }) {
            return try resolveKnown(entry)
        }
        guard !model.isEmpty, pulled.contains(model) else {
            guard model.isEmpty || fileKind(model) != .typeDirectory else {
                throw .folderUnsupported(path: model)
            }
            throw .unknownModel(name: model, known: known.map(\.name), pulled: pulled)
        }
        return url(named: model)
    }

    private func resolvePath(_ path: String) throws(ModelFileError) -> URL {
        switch fileKind(path) {
        case nil: throw .system(operation: "open", path: path, code: ENOENT)
        case .typeDirectory:
            guard fileKind(path + "/config.json") == .typeRegular else {
                throw .folderUnsupported(path: path)
            }
            return URL(filePath: path)
        case .typeRegular: break
        default: throw .notRegularFile(path: path)
        }
        guard path.hasSuffix(".gguf") else { throw .notGGUF(path: path) }
        return URL(filePath: path)
    }

    private func resolveKnown(_ entry: KnownModel) throws(ModelFileError) -> URL {
        let url = url(named: entry.name)
        guard fileKind(url.path) != nil else {
            throw .notPulled(name: entry.name, path: url.path)
        }
        let size = fileSize(url.path)
        guard size == entry.byteCount else {
            throw .wrongSize(path: url.path, expected: entry.byteCount, found: size)
        }
        return url
    }

    private func fileKind(_ path: String) -> FileAttributeType? {
        // Links are followed, as `open` does.
        let target = URL(filePath: path).resolvingSymlinksInPath().path
        let attributes = try? FileManager.default.attributesOfItem(atPath: target)
        return attributes?[.type] as? FileAttributeType
    }
}

/// Size of a file in bytes; zero when there is none.
func fileSize(_ path: String) -> Int {
    let target = URL(filePath: path).resolvingSymlinksInPath().path
    let attributes = try? FileManager.default.attributesOfItem(atPath: target)
    return (attributes?[.size] as? NSNumber)?.intValue ?? 0
}
