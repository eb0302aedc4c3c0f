extension ModelConfig {
    /// Finds every tensor of the architecture, checks that it has the right shape and a type that
    /// can be decoded, and that there is no other.
    ///
    /// - Returns: The tensors by their canonical names, in the table's order; tensors that a file
    ///   keeps as one are taken apart.
    func canonicalTensors(
        of source: some TensorSource,
        naming: TensorRole.Naming
    ) throws(ModelFileError) -> [TensorInfo] {
        var used: Set<String> = []
        var tensors: [TensorInfo] = []
        for role in tensorRoles {
            let name = role.storedName(naming)
            guard let stored = source.tensor(named: name) else {
                throw .missingTensor(path: source.path, tensor: name, expected: role.storedShape)
            }
            guard stored.dimensions == role.storedShape else {
                throw .wrongShape(
                    path: source.path,
                    tensor: name,
                    expected: role.storedShape,
                    found: stored.dimensions
                )
            }
            guard stored.type.isDecodable else { throw source.undecodable(stored) }
            used.insert(name)
            let isWhole = role.shape == role.storedShape
            let rowCount = role.shape.dropFirst().reduce(1, *)
            tensors.append(
                TensorInfo(
                    name: role.name,
                    dimensions: role.shape,
                    type: stored.type,
                    offset: stored.offset + role.firstRow * stored.rowByteCount,
                    byteCount: isWhole ? stored.byteCount : rowCount * stored.rowByteCount,
                    part: stored.part
                )
            )
        }
        for tensor in source.tensors where !used.contains(tensor.name) {
            guard isIgnorable(tensor.name, naming) else {
                throw .unexpectedTensor(
                    path: source.path,
                    tensor: tensor.name,
                    architecture: architecture
                )
            }
        }
        return tensors
    }

    /// Whether a tensor repeats what other tensors or the configuration say.
    private func isIgnorable(_ name: String, _ naming: TensorRole.Naming) -> Bool {
        switch naming {
        case .gguf: name == "rope_freqs.weight"
        case .huggingFace:
            name.hasSuffix(".rotary_emb.inv_freq") || (name == "lm_head.weight" && tiesEmbeddings)
        }
    }
}
