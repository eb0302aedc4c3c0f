import Testing

@testable import Tokenizers

@Suite("TokenizerVocabulary")
struct TokenizerVocabularyTests {
    private func error(_ change: (inout TokenizerVocabulary) -> Void) -> TokenizerError? {
        var vocabulary = SmallVocabulary.make()
        change(&vocabulary)
        do {
            _ = try Tokenizer(vocabulary: vocabulary)
            return nil
        } catch {
            return error
        }
    }

    @Test("is accepted when it is consistent")
    func acceptsConsistent() {
        #expect(error { _ in } == nil)
        #expect(error { $0.types = [] } == nil)
    }

    @Test("is refused when it is empty, or types are missing")
    func refusesEmpty() {
        #expect(error { $0.tokens = [] } == .emptyVocabulary)
        let count = SmallVocabulary.make().tokens.count
        #expect(
            error { $0.types.removeLast() }
                == .typeCountMismatch(tokenCount: count, typeCount: count - 1)
        )
    }

    @Test("is refused when a named token is out of range")
    func refusesTokenOutOfRange() {
        let count = SmallVocabulary.make().tokens.count
        #expect(
            error { $0.bosToken = -1 }
                == .tokenOutOfRange(name: "bos", id: -1, vocabularySize: count)
        )
        #expect(
            error { $0.eosToken = Int32(count) }
                == .tokenOutOfRange(name: "eos", id: Int32(count), vocabularySize: count)
        )
        #expect(
            error { $0.unknownToken = 9999 }
                == .tokenOutOfRange(name: "unknown", id: 9999, vocabularySize: count)
        )
        #expect(
            error { $0.padToken = 9999 }
                == .tokenOutOfRange(name: "pad", id: 9999, vocabularySize: count)
        )
    }

    @Test("is refused when a merge is not two tokens", arguments: ["", "ab", " a", "a "])
    func refusesMalformedMerge(merge: String) {
        #expect(error { $0.merges[2] = merge } == .malformedMerge(index: 2, merge: merge))
    }

    @Test("is refused when a merge names or makes an unknown token")
    func refusesUnknownMerge() {
        #expect(
            error { $0.merges[0] = "xyz a" }
                == .mergeOfUnknownToken(index: 0, merge: "xyz a", token: "xyz")
        )
        #expect(
            error { $0.merges[0] = "a xyz" }
                == .mergeOfUnknownToken(index: 0, merge: "a xyz", token: "xyz")
        )
        #expect(
            error { $0.merges[0] = "x y" }
                == .mergeOfUnknownToken(index: 0, merge: "x y", token: "xy")
        )
    }

    @Test("is refused when its kind or pre-tokenizer is not supported, with what is")
    func refusesUnsupported() {
        #expect(error { $0.model = "t5" } == .unsupportedModel("t5", supported: ["gpt2", "llama"]))
        #expect(
            error { $0.preTokenizer = "tekken" }
                == .unsupportedPreTokenizer("tekken", supported: supportedPreTokenizers)
        )
    }

    @Test("counts the first of equal tokens and of equal merges")
    func firstDuplicateWins() throws {
        var vocabulary = SmallVocabulary.make(extraMerges: ["h e"])
        vocabulary.tokens += ["he", "<|im_end|>"]
        vocabulary.types += [.normal, .control]
        let tokenizer = try Tokenizer(vocabulary: vocabulary)
        #expect(tokenizer.encode("he") == [SmallVocabulary.id("he")])
        #expect(
            tokenizer.encode("<|im_end|>", parsesSpecial: true)
                == [SmallVocabulary.id("<|im_end|>")]
        )
    }

    @Test("keeps canonically equivalent tokens apart")
    func keepsEquivalentTokensApart() throws {
        var vocabulary = SmallVocabulary.make()
        vocabulary.tokens += ["<\u{E9}>", "<e\u{301}>"]
        vocabulary.types += [.userDefined, .userDefined]
        let tokenizer = try Tokenizer(vocabulary: vocabulary)
        let first = Int32(vocabulary.tokens.count - 2)
        #expect(tokenizer.encode("<e\u{301}><\u{E9}>") == [first + 1, first])
    }

    @Test(
        "errors are one line",
        arguments: [
            TokenizerError.emptyVocabulary, .typeCountMismatch(tokenCount: 2, typeCount: 1),
            .tokenOutOfRange(name: "eos", id: 7, vocabularySize: 3),
            .malformedMerge(index: 0, merge: "a\nb"),
            .mergeOfUnknownToken(index: 4, merge: "a b", token: "ab"),
            .scoreCountMismatch(tokenCount: 2, scoreCount: 1), .scoreNotANumber(token: 3),
            .unsupportedPart(part: "a\nb", type: "x\ny", supported: ["Y"]),
            .invalidValue(path: "model.\n", expected: "a number"),
            .malformedJSON(offset: 3, expected: "a value"),
            .unsupportedModel("llama", supported: ["gpt2"]),
            .unsupportedPreTokenizer("llama3", supported: ["gpt-2", "smollm"]),
            .missingChatTemplate, .chatTemplate(.syntax(line: 1, message: "x\ny")),
            .chatTemplate(.unsupported(line: 1, construct: "a\nb", supported: ["c"])),
            .chatTemplate(.evaluation(line: 1, message: "x\u{2028}y\n")),
            .chatTemplate(.raised(message: "a\nb")),
            .chatTemplate(.limitExceeded(line: 2, limit: "3 steps")),
        ]
    )
    func errorsAreOneLine(error: TokenizerError) {
        #expect(!error.description.isEmpty)
        #expect(!error.description.contains("\n"))
    }

    @Test("the error of an unsupported pre-tokenizer names it and what is supported")
    func unsupportedPreTokenizerDescription() {
        let error = TokenizerError.unsupportedPreTokenizer("x", supported: ["a", "b"])
        #expect(error.description == "pre-tokenizer \"x\" is not supported; supported: a, b")
    }
}
