import Foundation
import ModelFiles
import Tokenizers

/// What a real model's file says about its tokenizer.
struct ModelVocabulary: Sendable {
    var vocabulary: TokenizerVocabulary
    var chatTemplate: String?

    /// SmolLM2's, out of the model.
    static let smolLM2 = Result {
        try ModelVocabulary(named: "smollm2", file: "SmolLM2-135M-Instruct.Q4_1.gguf")
    }

    /// llama.cpp's vocabularies of several model families, by its names for them.
    static let llamaCPP = Dictionary(
        uniqueKeysWithValues: ["gpt-2", "llama-bpe", "llama-spm", "phi-3", "qwen2"].map { name in
            (name, Result { try ModelVocabulary(named: name, file: "ggml-vocab-\(name).gguf") })
        }
    )

    /// Reads a file that `fetch-vocabulary.sh` brings if the cache lacks it.
    private init(named name: String, file: String) throws {
        let path = Self.cache.appending(path: file).path
        if !FileManager.default.fileExists(atPath: path) { try Self.fetch(name) }
        try self.init(GGUF(path: path))
    }

    private init(_ gguf: GGUF) throws {
        func token(_ name: String) throws -> Int32? {
            try gguf.valueIfPresent("tokenizer.ggml.\(name)_token_id", as: .integer)
                .map(Int32.init)
        }
        vocabulary = TokenizerVocabulary(
            model: try gguf.value("tokenizer.ggml.model", as: .string),
            tokens: try gguf.value("tokenizer.ggml.tokens", as: .strings),
            types: try gguf.value("tokenizer.ggml.token_type", as: .integers)
                .map { TokenType(rawValue: Int32($0)) ?? .normal },
            merges: try gguf.valueIfPresent("tokenizer.ggml.merges", as: .strings) ?? [],
            scores: try gguf.valueIfPresent("tokenizer.ggml.scores", as: .floats) ?? [],
            preTokenizer: try gguf.value("tokenizer.ggml.pre", as: .string),
            bosToken: try token("bos"),
            eosToken: try token("eos"),
            unknownToken: try token("unknown"),
            padToken: try token("padding")
        )
        chatTemplate = try gguf.valueIfPresent("tokenizer.chat_template", as: .string)
    }

    /// Where `fetch-vocabulary.sh` puts the files.
    private static var cache: URL {
        let home =
            ProcessInfo.processInfo.environment["SONDE_HOME"].map { URL(filePath: $0) }
            ?? FileManager.default.homeDirectoryForCurrentUser.appending(path: ".cache/sonde")
        return home.appending(path: "test-vocabularies")
    }

    private static func fetch(_ name: String) throws {
        let script = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "fetch-vocabulary.sh").path
        let process = try Process.run(URL(filePath: "/bin/sh"), arguments: [script, name])
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw FetchError(name: name, status: process.terminationStatus)
        }
    }

    private struct FetchError: Error {
        var name: String
        var status: Int32
    }
}
