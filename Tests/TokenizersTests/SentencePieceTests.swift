import Testing

@testable import Tokenizers

@Suite("SentencePiece")
struct SentencePieceTests {
    private static let bytes = (0..<256).map { byte in
        let digits = String(byte, radix: 16, uppercase: true)
        return "<0x" + (byte < 16 ? "0" : "") + digits + ">"
    }

    private func vocabulary(addsSpacePrefix: Bool = true) -> TokenizerVocabulary {
        let texts = ["▁", "a", "b", "aa", "aaaa", "ab", "▁a"]
        let scores: [Float] = [-9, -9, -9, -1, -2, -3, -4]
        return TokenizerVocabulary(
            model: "llama",
            tokens: ["<unk>", "<s>", "</s>"] + Self.bytes + texts,
            types: [.unknown, .control, .control] + Self.bytes.map { _ in .byte }
                + texts.map { _ in .normal },
            scores: [Float](repeating: 0, count: 259) + scores,
            bosToken: 1,
            eosToken: 2,
            unknownToken: 0,
            addsSpacePrefix: addsSpacePrefix
        )
    }

    private func id(_ text: String) -> Int32 {
        Int32(vocabulary().tokens.firstIndex(of: text) ?? -1)
    }

    @Test("merges by score, and puts a space before the text and after control tokens")
    func merges() throws {
        let tokenizer = try Tokenizer(vocabulary: vocabulary())
        #expect(tokenizer.encode("") == [])
        #expect(tokenizer.encode("ab") == [id("▁"), id("ab")])
        #expect(tokenizer.encode("aab") == [id("▁"), id("aa"), id("b")])
        #expect(
            tokenizer.encode("a<s>a", parsesSpecial: true) == [id("▁a"), id("<s>"), id("▁a")]
        )
        let bare = try Tokenizer(vocabulary: vocabulary(addsSpacePrefix: false))
        #expect(bare.encode("ab") == [id("ab")])
    }

    @Test("never makes a control or byte token out of plain text")
    func textIsNeverControl() throws {
        let tokens = try Tokenizer(vocabulary: vocabulary()).encode("<s></s><0x41>")
        #expect(!tokens.contains { [id("<s>"), id("</s>"), id("<0x41>")].contains($0) })
    }

    @Test("streams characters of byte tokens whole, and leaves the first space out")
    func streams() throws {
        let tokenizer = try Tokenizer(vocabulary: vocabulary())
        let tokens = tokenizer.encode("a é🦙")
        var decoder = TokenDecoder(tokenizer: tokenizer)
        #expect(tokens.map { decoder.append($0) } == ["a", " ", "", "é", "", "", "", "🦙"])
        #expect(tokenizer.decode(tokens) == "a é🦙")
        var continuing = TokenDecoder(tokenizer: tokenizer, continuesText: true)
        #expect(continuing.append(id("▁a")) == " a")
    }

    @Test("refuses scores that are missing or not numbers")
    func refusesScores() {
        var damaged = vocabulary()
        damaged.scores[3] = .nan
        #expect(throws: TokenizerError.scoreNotANumber(token: 3)) {
            try Tokenizer(vocabulary: damaged)
        }
        damaged.scores.removeLast()
        #expect(throws: TokenizerError.scoreCountMismatch(tokenCount: 266, scoreCount: 265)) {
            try Tokenizer(vocabulary: damaged)
        }
    }

    @Test("a line of a megabyte of one letter is encoded in seconds", .timeLimit(.minutes(1)))
    func hostileLine() throws {
        let tokenizer = try Tokenizer(vocabulary: vocabulary(addsSpacePrefix: false))
        let count = 1 << 20
        let tokens = tokenizer.encode(String(repeating: "a", count: count))
        #expect(tokens == [Int32](repeating: id("aaaa"), count: count / 4))
        #expect(tokenizer.encode(String(repeating: "🦙", count: count / 4)).count == count)
    }
}
