/// Chooses the files of a repository that make up a model.
struct HubSelection: Equatable {
    /// What is fetched.
    let files: [Hub.File]
    /// What the user opens, inside the repository; nil: its folder.
    let main: String?

    /// Files beside the weights that are of use, where they exist.
    private static let descriptions: Set<String> = [
        "config.json", "generation_config.json", "tokenizer.json", "tokenizer_config.json",
        "tokenizer.model", "special_tokens_map.json", "added_tokens.json", "vocab.json",
        "merges.txt", "chat_template.jinja", "model.safetensors.index.json",
    ]

    /// - Throws: `ModelFileError` that lists the files when it is not clear which are meant.
    init(_ reference: HubReference, from files: [Hub.File]) throws(ModelFileError) {
        if let file = reference.file {
            self.files = try Self.parts(of: file, reference, in: files)
            main = file
            return
        }
        let weights = files.filter {
            $0.path.hasPrefix("model") && $0.path.hasSuffix(".safetensors")
                && !$0.path.contains("/")
        }
        guard weights.isEmpty || !files.contains(where: { $0.path == "config.json" }) else {
            self.files = files.filter { Self.descriptions.contains($0.path) } + weights
            main = nil
            return
        }
        // Of a split model the first part stands for all.
        let models = files.map(\.path).filter { path in
            path.hasSuffix(".gguf") && (GGUFSplit.Name(path)?.index ?? 0) == 0
        }
        guard models.count == 1, let model = models.first else {
            throw .ambiguousRepository(name: reference.name, files: models.sorted())
        }
        self.files = try Self.parts(of: model, reference, in: files)
        main = model
    }

    /// The file, or all parts of a split model.
    private static func parts(
        of file: String,
        _ reference: HubReference,
        in files: [Hub.File]
    ) throws(ModelFileError) -> [Hub.File] {
        let split = GGUFSplit.Name(file)
        // No more parts than there are files, whatever the name claims.
        let count = min(split?.count ?? 1, files.count + 1)
        var parts: [Hub.File] = []
        for index in 0..<count {
            let path = split?.path(of: index) ?? file
            guard let part = files.first(where: { $0.path == path }) else {
                throw .noSuchFile(
                    repository: reference.repository,
                    file: path,
                    files: files.map(\.path).filter { $0.hasSuffix(".gguf") }.sorted()
                )
            }
            parts.append(part)
        }
        return parts
    }
}
