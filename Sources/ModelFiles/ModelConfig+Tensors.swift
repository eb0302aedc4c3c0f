extension ModelConfig {
    /// Checks that the file has every tensor of the architecture, in the right shape and in a type
    /// that can be decoded, and no other.
    func checkTensors(of gguf: GGUF) throws(ModelFileError) {
        var expectedCount = 0
        for (name, shape) in modelTensors {
            try check(name, shape, in: gguf)
            expectedCount += 1
        }
        for layer in 0..<layerCount {
            for (name, shape) in layerTensors {
                try check("blk.\(layer).\(name)", shape, in: gguf)
                expectedCount += 1
            }
        }
        guard gguf.tensors.count != expectedCount else { return }
        throw unexpectedTensor(in: gguf)
    }

    /// Shapes, the fastest dimension first.
    private typealias TensorShape = (name: String, shape: [Int])

    private var modelTensors: [TensorShape] {
        let embedding = [hiddenSize, vocabularySize]
        let shared: [TensorShape] = [
            ("token_embd.weight", embedding), ("output_norm.weight", [hiddenSize]),
        ]
        return tiesEmbeddings ? shared : shared + [("output.weight", embedding)]
    }

    private var layerTensors: [TensorShape] {
        let (queryWidth, kvWidth) = (headCount * headDimension, kvHeadCount * headDimension)
        return [
            ("attn_norm.weight", [hiddenSize]),
            ("attn_q.weight", [hiddenSize, queryWidth]),
            ("attn_k.weight", [hiddenSize, kvWidth]),
            ("attn_v.weight", [hiddenSize, kvWidth]),
            ("attn_output.weight", [queryWidth, hiddenSize]),
            ("ffn_norm.weight", [hiddenSize]),
            ("ffn_gate.weight", [hiddenSize, channelCount]),
            ("ffn_up.weight", [hiddenSize, channelCount]),
            ("ffn_down.weight", [channelCount, hiddenSize]),
        ]
    }

    private func check(_ name: String, _ shape: [Int], in gguf: GGUF) throws(ModelFileError) {
        guard let tensor = gguf.tensor(named: name) else {
            throw .missingTensor(path: gguf.path, tensor: name, expected: shape)
        }
        guard tensor.dimensions == shape else {
            throw .wrongShape(
                path: gguf.path,
                tensor: name,
                expected: shape,
                found: tensor.dimensions
            )
        }
        guard tensor.type.isDecodable else {
            throw .unsupportedTensorType(
                path: gguf.path,
                tensor: name,
                found: tensor.type.description,
                supported: TensorType.decodable
            )
        }
    }

    /// Names the first tensor that has no place in the architecture.
    private func unexpectedTensor(in gguf: GGUF) -> ModelFileError {
        let expected = Set(
            modelTensors.map(\.name)
                + (0..<layerCount).flatMap { layer in
                    layerTensors.map { "blk.\(layer).\($0.name)" }
                }
        )
        let tensor = gguf.tensors.first { !expected.contains($0.name) }
        return .unexpectedTensor(
            path: gguf.path,
            tensor: tensor?.name ?? "",
            architecture: architecture
        )
    }
}
