import Testing

@testable import Tokenizers

/// In the small vocabulary the tokens 0...255 are the bytes.
@Suite("TokenDecoder")
struct TokenDecoderTests {
    private let tokenizer: Tokenizer

    init() throws {
        tokenizer = try SmallVocabulary.tokenizer()
    }

    private func stream(_ bytes: [UInt8]) -> [String] {
        var decoder = TokenDecoder(tokenizer: tokenizer)
        let pieces = bytes.map { decoder.append(Int32($0)) }
        return pieces + [decoder.finish()]
    }

    @Test("holds a character back until its last byte")
    func holdsBack() {
        #expect(stream(Array("aé".utf8)) == ["a", "", "é", ""])
        #expect(stream(Array("🦙!".utf8)) == ["", "", "", "🦙", "!", ""])
    }

    @Test("flushes an incomplete character as U+FFFD, once")
    func flushesIncomplete() {
        var decoder = TokenDecoder(tokenizer: tokenizer)
        #expect(decoder.append(0xE2) + decoder.append(0x82) == "")
        #expect(decoder.finish() == "\u{FFFD}")
        #expect(decoder.finish() == "")
    }

    @Test(
        "does not wait for bytes that cannot complete a character",
        arguments: [
            [0xC0], [0xFF], [0x80], [0xE0, 0x80], [0xED, 0xA0], [0xF0, 0x80], [0xF4, 0x90],
            [0xF5], [0xC3, 0x28], [0xE2, 0x82, 0x41], [0x80, 0x80, 0x80, 0x80],
        ] as [[UInt8]]
    )
    func replacesInvalid(bytes: [UInt8]) {
        let pieces = stream(bytes)
        #expect(pieces.joined() == String(decoding: bytes, as: UTF8.self))
        #expect(pieces.last == "")
    }

    @Test("streams what decoding at once gives, for random bytes and any grouping into tokens")
    func streamsAsAtOnce() throws {
        let seed: UInt64 = 0x5EED_0005
        var generator = SeededGenerator(seed: seed)
        let edges: [UInt8] = [
            0x41, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC1, 0xC2, 0xDF, 0xE0, 0xE1, 0xEC,
            0xED, 0xEF, 0xF0, 0xF1, 0xF3, 0xF4, 0xF5, 0xFF,
        ]
        for _ in 0..<3000 {
            var bytes: [UInt8] = []
            for _ in 0..<Int.random(in: 1...12, using: &generator) {
                if Int.random(in: 0..<4, using: &generator) == 0 {
                    bytes += Array(
                        "é我🦙".randomElement(using: &generator).map(String.init)?.utf8 ?? "".utf8
                    )
                } else {
                    bytes.append(edges.randomElement(using: &generator) ?? 0)
                }
            }
            let tokenizer = try groupingTokenizer(bytes, &generator)
            var decoder = TokenDecoder(tokenizer: tokenizer)
            var text = ""
            for id in 0..<Int32(tokenizer.vocabularySize) {
                let piece = decoder.append(id)
                text += piece
            }
            text += decoder.finish()
            let expected = String(decoding: bytes, as: UTF8.self)
            #expect(Array(text.utf8) == Array(expected.utf8), "seed \(seed), bytes \(bytes)")
            let atOnce = tokenizer.decode(Array(0..<Int32(tokenizer.vocabularySize)))
            #expect(Array(atOnce.utf8) == Array(expected.utf8), "seed \(seed), bytes \(bytes)")
        }
    }

    /// A vocabulary whose tokens, in order, spell `bytes`.
    private func groupingTokenizer(
        _ bytes: [UInt8],
        _ generator: inout SeededGenerator
    ) throws -> Tokenizer {
        var tokens: [String] = []
        var rest = bytes[...]
        while !rest.isEmpty {
            let part = rest.prefix(Int.random(in: 1...5, using: &generator))
            tokens.append(part.map { String(ByteAlphabet.scalars[Int($0)]) }.joined())
            rest = rest.dropFirst(part.count)
        }
        return try Tokenizer(
            vocabulary: TokenizerVocabulary(tokens: tokens, merges: [], preTokenizer: "gpt2")
        )
    }

    @Test("leaves control tokens out unless told otherwise")
    func skipsSpecial() {
        let end = SmallVocabulary.id("<|im_end|>")
        var skipping = TokenDecoder(tokenizer: tokenizer)
        #expect(skipping.append(end) == "")
        var showing = TokenDecoder(tokenizer: tokenizer, skipsSpecial: false)
        #expect(showing.append(end) == "<|im_end|>")
    }
}
