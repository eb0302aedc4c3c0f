import Testing

@testable import ModelFiles

@Suite("ModelConfig")
struct ModelConfigTests {
    private func config(_ change: (inout TinyLlama) -> Void = { _ in }) throws -> ModelConfig {
        var model = TinyLlama()
        change(&model)
        return try ModelConfig(GGUF(bytes: model.writer.bytes, name: "f"))
    }

    @Test("reads every field")
    func reads() throws {
        let config = try config()
        #expect(config.architecture == "llama")
        #expect(config.name == "Tiny")
        #expect(config.licence == "mit")
        #expect(config.layerCount == 2)
        #expect(config.hiddenSize == 8)
        #expect(config.headCount == 4)
        #expect(config.kvHeadCount == 2)
        #expect(config.headDimension == 2)
        #expect(config.channelCount == 6)
        #expect(config.vocabularySize == 5)
        #expect(config.contextLength == 16)
        #expect(config.ropeTheta == 1000)
        #expect(config.ropeDimensionCount == 2)
        #expect(config.rmsNormEpsilon == 0.5)
        #expect(config.tiesEmbeddings)
        #expect(config.bosToken == 1)
        #expect(config.eosToken == 2)
        #expect(config.padToken == 4)
        #expect(config.addsBOS)
    }

    @Test("fills in what may be left out")
    func defaults() throws {
        let config = try config {
            for key in [
                "general.name", "general.license", "llama.vocab_size", "llama.rope.freq_base",
                "llama.rope.dimension_count", "tokenizer.ggml.bos_token_id",
                "tokenizer.ggml.eos_token_id", "tokenizer.ggml.padding_token_id",
                "tokenizer.ggml.add_bos_token", "tokenizer.ggml.tokens",
            ] { $0.set(key, nil) }
            $0.set("llama.attention.head_count_kv", nil)
            for layer in 0..<2 {
                $0.setTensor("blk.\(layer).attn_k.weight", [8, 8])
                $0.setTensor("blk.\(layer).attn_v.weight", [8, 8])
            }
            $0.writer.addTensor("output.weight", [8, 5])
        }
        #expect(config.name == nil && config.licence == nil)
        #expect(config.kvHeadCount == 4)
        #expect(config.vocabularySize == 5)
        #expect(config.ropeTheta == 10000)
        #expect(config.ropeDimensionCount == 2)
        #expect(config.bosToken == nil && config.eosToken == nil && config.padToken == nil)
        #expect(!config.addsBOS)
        #expect(!config.tiesEmbeddings)
    }

    @Test("puts a first token in front for SentencePiece unless the file says otherwise")
    func sentencePiece() throws {
        let config = try config {
            $0.set("tokenizer.ggml.model", .string("llama"))
            $0.set("tokenizer.ggml.add_bos_token", nil)
        }
        #expect(config.addsBOS)
    }

    @Test("takes a head's width from the file")
    func keyLength() throws {
        let config = try config {
            $0.set("llama.attention.key_length", .uint32(4))
            $0.set("llama.attention.value_length", .uint32(4))
            for layer in 0..<2 {
                $0.setTensor("blk.\(layer).attn_q.weight", [8, 16])
                $0.setTensor("blk.\(layer).attn_k.weight", [8, 8])
                $0.setTensor("blk.\(layer).attn_v.weight", [8, 8])
                $0.setTensor("blk.\(layer).attn_output.weight", [16, 8])
            }
        }
        #expect(config.headDimension == 4)
    }

    @Test("names an architecture that is not supported")
    func architecture() {
        let error = ModelFileError.unsupportedArchitecture(
            path: "f",
            found: "mamba",
            supported: ["llama", "qwen2", "qwen3", "gemma3", "phi3", "deci"]
        )
        #expect(throws: error) {
            try config { $0.set("general.architecture", .string("mamba")) }
        }
    }

    @Test(
        "names a key that is missing",
        arguments: [
            ("general.architecture", "string"), ("llama.block_count", "integer"),
            ("llama.embedding_length", "integer"), ("llama.feed_forward_length", "integer"),
            ("llama.context_length", "integer"), ("llama.attention.head_count", "integer"),
            ("llama.attention.layer_norm_rms_epsilon", "float"),
        ]
    )
    func missing(key: String, expected: String) {
        let error = ModelFileError.missingMetadata(path: "f", key: key, expected: expected)
        #expect(throws: error) { try config { $0.set(key, nil) } }
    }

    @Test("refuses values that are out of range", arguments: Self.badValues)
    func badValue(key: String, value: GGUFWriter.Value, expected: String, found: String) {
        let error = ModelFileError.badMetadata(
            path: "f",
            key: key,
            expected: expected,
            found: found
        )
        #expect(throws: error) { try config { $0.set(key, value) } }
    }

    static let badValues: [(String, GGUFWriter.Value, String, String)] = [
        ("llama.block_count", .uint32(0), "1 to 1024", "0"),
        ("llama.block_count", .uint32(.max), "1 to 1024", "4294967295"),
        ("llama.block_count", .int32(-1), "1 to 1024", "-1"),
        ("llama.block_count", .uint64(.max), "integer", "uint64"),
        ("llama.block_count", .float32(2), "integer", "float32"),
        ("llama.embedding_length", .uint32(65537), "1 to 65536", "65537"),
        ("llama.feed_forward_length", .uint32(0), "1 to 1048576", "0"),
        ("llama.context_length", .uint32(0), "1 to 16777216", "0"),
        ("llama.attention.head_count", .uint32(1025), "1 to 1024", "1025"),
        (
            "llama.attention.head_count", .uint32(3), "a divisor of the embedding length 8", "3"
        ),
        ("llama.attention.head_count_kv", .uint32(5), "1 to 4", "5"),
        ("llama.attention.head_count_kv", .uint32(3), "a divisor of the head count 4", "3"),
        ("llama.rope.dimension_count", .uint32(3), "1 to 2", "3"),
        ("llama.rope.dimension_count", .uint32(1), "an even number", "1"),
        ("llama.rope.freq_base", .float32(0), "a finite number above 0", "0.0"),
        ("llama.rope.freq_base", .float32(.nan), "a finite number above 0", "nan"),
        ("llama.rope.freq_base", .float64(1e300), "a finite number above 0", "1e+300"),
        (
            "llama.attention.layer_norm_rms_epsilon", .float32(-.infinity),
            "a finite number above 0", "-inf"
        ),
        ("llama.vocab_size", .uint32(1 << 23), "1 to 4194304", "8388608"),
        ("tokenizer.ggml.tokens", .strings(["a"]), "5 tokens", "1"),
        ("tokenizer.ggml.bos_token_id", .uint32(5), "0 to 4", "5"),
        ("tokenizer.ggml.eos_token_id", .int32(-1), "0 to 4", "-1"),
        ("tokenizer.ggml.padding_token_id", .uint32(.max), "0 to 4", "4294967295"),
        ("tokenizer.ggml.add_bos_token", .uint32(1), "bool", "uint32"),
        ("llama.expert_count", .uint32(8), "0", "8"),
        ("llama.rope.scaling.type", .string("yarn"), "none or linear", "yarn"),
        ("llama.final_logit_softcapping", .float32(30), "0", "30.0"),
    ]

    @Test("refuses a head whose keys and values differ in width")
    func valueLength() {
        let error = ModelFileError.badMetadata(
            path: "f",
            key: "llama.attention.value_length",
            expected: "2, as key_length",
            found: "4"
        )
        #expect(throws: error) {
            try config {
                $0.set("llama.attention.key_length", .uint32(2))
                $0.set("llama.attention.value_length", .uint32(4))
            }
        }
    }

    @Test("refuses to put a token in front that the file does not name")
    func addsNothing() {
        let error = ModelFileError.badMetadata(
            path: "f",
            key: "tokenizer.ggml.add_bos_token",
            expected: "false, for there is no bos_token_id",
            found: "true"
        )
        #expect(throws: error) { try config { $0.set("tokenizer.ggml.bos_token_id", nil) } }
    }

    @Test("names every tensor that is missing, with the shape it should have")
    func missingTensor() {
        for tensor in TinyLlama().writer.tensors {
            let shape = tensor.dimensions.map { Int($0) }
            let error = ModelFileError.missingTensor(
                path: "f",
                tensor: tensor.name,
                expected: shape
            )
            #expect(throws: error) { try config { $0.setTensor(tensor.name, nil) } }
        }
    }

    @Test("names every tensor of another shape, with both shapes")
    func wrongShape() {
        for tensor in TinyLlama().writer.tensors {
            let shape = tensor.dimensions.map { Int($0) }
            let error = ModelFileError.wrongShape(
                path: "f",
                tensor: tensor.name,
                expected: shape,
                found: shape + [2]
            )
            #expect(throws: error) {
                try config { $0.setTensor(tensor.name, tensor.dimensions + [2]) }
            }
        }
    }

    @Test("names a tensor of a type that cannot be decoded")
    func tensorType() {
        let error = ModelFileError.unsupportedTensorType(
            path: "f",
            tensor: "blk.1.ffn_up.weight",
            found: "I32",
            supported: TensorType.decodable
        )
        #expect(throws: error) {
            try config { $0.setTensor("blk.1.ffn_up.weight", [8, 6], type: 26) }
        }
    }

    @Test("names a tensor that the architecture does not know")
    func unexpected() {
        let error = ModelFileError.unexpectedTensor(
            path: "f",
            tensor: "blk.0.attn_q.bias",
            architecture: "llama"
        )
        #expect(throws: error) { try config { $0.writer.addTensor("blk.0.attn_q.bias", [8]) } }
    }
}
