import Foundation
import TestSupport
import Testing
import Tokenizers

/// Against the numbers of llama.cpp and of the reference implementation.
@Suite(
    "Tokenizer, golden",
    .enabled(if: SharedFolder.isAvailable, SharedFolder.absence)
)
struct GoldenTests {
    /// Texts and their tokens, as llama.cpp's tests list them.
    private func vectors(_ name: String) throws -> [(text: String, tokens: [Int32])] {
        let folder = "data/tokenizer/ggml-vocab-\(name).gguf"
        let input = String(decoding: try SharedFolder.data(folder + ".inp"), as: UTF8.self)
        let output = String(decoding: try SharedFolder.data(folder + ".out"), as: UTF8.self)
        let texts = input.components(separatedBy: "\n__ggml_vocab_test__\n")
        let lines = output.components(separatedBy: "\n")
        #expect(texts.count == 47)
        return zip(texts, lines).map { text, line in
            (text, line.split(separator: " ").compactMap { Int32($0) })
        }
    }

    private func check(_ name: String, _ tokenizer: Tokenizer) throws {
        for (text, tokens) in try vectors(name) {
            #expect(tokenizer.encode(text) == tokens, "\(text.debugDescription)")
            #expect(Array(tokenizer.decode(tokens).utf8) == Array(text.utf8))
        }
    }

    @Test("encodes all of llama.cpp's vectors for SmolLM")
    func smolLMVectors() throws {
        try check("smollm", try Tokenizer(vocabulary: ModelVocabulary.smolLM2.get().vocabulary))
    }

    @Test(
        "encodes all of llama.cpp's vectors",
        arguments: ["gpt-2", "llama-bpe", "llama-spm", "phi-3", "qwen2"]
    )
    func vectors(name: String) throws {
        let model = try #require(ModelVocabulary.llamaCPP[name]).get()
        try check(name, try Tokenizer(vocabulary: model.vocabulary))
    }

    private struct Reference: Decodable {
        var validTokenCount: Int
        var validFirstTokens: [Int32]
        var trainTokenCount: Int
        var trainFirstTokens: [Int32]
    }

    @Test("encodes WikiText-2 as the reference does, and gives it back", .timeLimit(.minutes(1)))
    func wikiText() throws {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        let reference = try decoder.decode(
            Reference.self,
            from: SharedFolder.data("reference/smollm2-135m.json")
        )
        #expect(reference.validTokenCount == 24591)
        #expect(reference.trainTokenCount == 231394)
        let tokenizer = try Tokenizer(vocabulary: ModelVocabulary.smolLM2.get().vocabulary)
        for (file, count, first) in [
            (
                "valid-slice-100KB.raw.txt", reference.validTokenCount,
                reference.validFirstTokens
            ),
            ("train-slice-1MB.raw.txt", reference.trainTokenCount, reference.trainFirstTokens),
        ] {
            let data = try SharedFolder.data("data/wikitext2/\(file)")
            let text = String(decoding: data, as: UTF8.self)
            let tokens = tokenizer.encode(text)
            #expect(tokens.count == count)
            #expect(!first.isEmpty)
            #expect(Array(tokens.prefix(first.count)) == first)
            #expect(Array(tokenizer.decode(tokens).utf8) == Array(text.utf8))
        }
    }

    @Test("writes a conversation as SmolLM2's template does")
    func chatTemplate() throws {
        let model = try ModelVocabulary.smolLM2.get()
        let template = try ChatTemplate(source: model.chatTemplate)
        let messages = [ChatMessage(role: "user", content: "Hello")]
        let text = try template.render(messages: messages, addsGenerationPrompt: true)
        #expect(
            text == """
                <|im_start|>system
                You are a helpful AI assistant named SmolLM, trained by Hugging Face<|im_end|>
                <|im_start|>user
                Hello<|im_end|>
                <|im_start|>assistant

                """
        )
        let tokenizer = try Tokenizer(vocabulary: model.vocabulary)
        let tokens = tokenizer.encode(
            try template.pieces(messages: messages, addsGenerationPrompt: true)
        )
        #expect(tokens == tokenizer.encode(text, parsesSpecial: true))
        #expect(tokens.prefix(3) == [1, 9690, 198])
        #expect(tokenizer.endOfTextTokens == [0, 2])
    }
}
