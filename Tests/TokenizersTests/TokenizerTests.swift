import Testing

@testable import Tokenizers

@Suite("Tokenizer")
struct TokenizerTests {
    private let tokenizer: Tokenizer

    init() throws {
        tokenizer = try SmallVocabulary.tokenizer()
    }

    private func ids(_ tokens: String...) -> [Int32] { tokens.map(SmallVocabulary.id) }

    @Test("merges within words")
    func encodesWords() {
        #expect(tokenizer.encode("") == [])
        #expect(tokenizer.encode("hello hello") == ids("hello", "Ġhello"))
        #expect(tokenizer.encode("hell yes") == ids("hell", "Ġ", "y", "e", "s"))
        #expect(tokenizer.encode("é") == ids("Ã©"))
    }

    @Test("adds bos when the vocabulary or the caller says so")
    func addsBOS() throws {
        let bos = SmallVocabulary.id("<|im_start|>")
        #expect(tokenizer.encode("he", addsBOS: true) == [bos] + ids("he"))
        let adding = try Tokenizer(vocabulary: SmallVocabulary.make(addsBOS: true))
        #expect(adding.encode("he") == [bos] + ids("he"))
        #expect(adding.encode("he", addsBOS: false) == ids("he"))
        var vocabulary = SmallVocabulary.make(addsBOS: true)
        vocabulary.bosToken = nil
        #expect(try Tokenizer(vocabulary: vocabulary).encode("he") == ids("he"))
    }

    @Test("recognises control tokens only when asked, the longest first")
    func parsesSpecial() {
        let text = "he<|im_end|>>he<|im_end|><|im_e"
        #expect(
            tokenizer.encode(text, parsesSpecial: true)
                == ids("he", "<|im_end|>>", "he", "<|im_end|>", "<", "|", "i", "m", "_", "e")
        )
        let plain = tokenizer.encode(text)
        #expect(!plain.contains { tokenizer.isSpecial($0) })
        #expect(tokenizer.decode(plain) == text)
    }

    @Test("recognises user-defined tokens always, the longest first")
    func parsesUserDefined() {
        #expect(tokenizer.encode("<tool>he") == ids("<tool>", "he"))
        #expect(tokenizer.encode("<tool><tool><tool>") == ids("<tool><tool>", "<tool>"))
    }

    @Test("lets only markup name control tokens, and words reach across pieces")
    func encodesPieces() {
        let pieces = [
            PromptPiece(text: "<|im_start|>he", parsesSpecial: true),
            PromptPiece(text: "llo<|im_end|>", parsesSpecial: false),
            PromptPiece(text: "<|im_end|>", parsesSpecial: true),
        ]
        let tokens = tokenizer.encode(pieces)
        #expect(tokens.first == SmallVocabulary.id("<|im_start|>"))
        #expect(tokens[1] == SmallVocabulary.id("hello"))
        #expect(tokens.filter { tokenizer.isSpecial($0) }.count == 2)
        #expect(tokens.last == SmallVocabulary.id("<|im_end|>"))
    }

    @Test("leaves out bytes that have no token")
    func leavesOutUnknownBytes() throws {
        let tokenizer = try Tokenizer(
            vocabulary: TokenizerVocabulary(
                tokens: ["a", "b", "ab"],
                merges: ["a b"],
                preTokenizer: "gpt2"
            )
        )
        #expect(tokenizer.encode("zazb!") == [2])
    }

    @Test("tells the bytes and the kind of a token")
    func describesTokens() {
        #expect(tokenizer.vocabularySize == SmallVocabulary.make().tokens.count)
        #expect(Array(tokenizer.token(0)) == [0])
        #expect(Array(tokenizer.token(SmallVocabulary.id("Ġhello"))) == Array(" hello".utf8))
        #expect(Array(tokenizer.token(SmallVocabulary.id("<tool>"))) == Array("<tool>".utf8))
        #expect(tokenizer.token(-1).isEmpty)
        #expect(tokenizer.token(Int32(tokenizer.vocabularySize)).isEmpty)
        #expect(tokenizer.isSpecial(SmallVocabulary.id("<|endoftext|>")))
        #expect(!tokenizer.isSpecial(SmallVocabulary.id("<tool>")))
        #expect(!tokenizer.isSpecial(0))
    }

    @Test("ends a text at eos and at control tokens of known names")
    func endOfTextTokens() throws {
        #expect(tokenizer.endOfTextTokens == Set(ids("<|endoftext|>", "<|im_end|>")))
        var vocabulary = SmallVocabulary.make()
        vocabulary.eosToken = 7
        vocabulary.types = []
        #expect(try Tokenizer(vocabulary: vocabulary).endOfTextTokens == [7])
    }

    @Test("skips control tokens in the text on request")
    func decodesSpecial() {
        let tokens = ids("hello", "<|im_end|>", "<tool>")
        #expect(tokenizer.decode(tokens) == "hello<|im_end|><tool>")
        #expect(tokenizer.decode(tokens, skipsSpecial: true) == "hello<tool>")
    }

    @Test("gives random texts back", arguments: ["gpt-2", "smollm", "llama-bpe", "qwen2"])
    func roundTrip(preTokenizer: String) throws {
        let tokenizer = try SmallVocabulary.tokenizer(preTokenizer: preTokenizer)
        let seed: UInt64 = 0x5EED_0004
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<500 {
            let text = generator.text(upTo: 60)
            for parsesSpecial in [false, true] {
                let tokens = tokenizer.encode(text, parsesSpecial: parsesSpecial)
                let decoded = tokenizer.decode(tokens)
                #expect(Array(decoded.utf8) == Array(text.utf8), "seed \(seed)")
            }
        }
    }
}
