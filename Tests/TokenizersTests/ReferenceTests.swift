import Foundation
import Testing
import Tokenizers

/// Against PyPI's `tokenizers` and `sentencepiece`, as `generate-golden.py` wrote them down.
///
/// A larger set in another folder is compared when `SONDE_TOKENIZER_GOLDEN` names it.
@Suite("Tokenizer, reference")
struct ReferenceTests {
    private static let folder =
        ProcessInfo.processInfo.environment["SONDE_TOKENIZER_GOLDEN"].map { URL(filePath: $0) }
        ?? URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Golden")

    private static func object(_ name: String) throws -> [String: Any] {
        let data = try Data(contentsOf: folder.appending(path: "\(name).json"))
        return try #require(JSONSerialization.jsonObject(with: data) as? [String: Any])
    }

    private static func ids(_ value: Any) throws -> [Int32] {
        try #require(value as? [NSNumber]).map(\.int32Value)
    }

    @Test(
        "tokenizer.json of every kind encodes and decodes as the reference does",
        arguments: [
            "gemma", "gpt-2", "llama-2", "llama-3", "metaspace-first", "metaspace-whole", "opt",
            "punctuation", "qwen2", "smollm", "words",
        ]
    )
    func tokenizerJSON(name: String) throws {
        let golden = try Self.object(name)
        let json = try #require(golden["tokenizer"] as? String)
        let tokenizer = try Tokenizer(tokenizerJSON: Array(json.utf8))
        let cases = try #require(golden["cases"] as? [[Any]])
        #expect(cases.count >= 60)
        for golden in cases {
            let text = try #require(golden[0] as? String)
            let ids = try Self.ids(golden[1])
            let quoted = Comment(rawValue: text.debugDescription)
            let encoded = tokenizer.encode(
                text,
                parsesSpecial: true,
                addsBOS: false,
                addsEOS: false
            )
            #expect(encoded == ids, quoted)
            let added = try #require(golden[2] as? Int)
            #expect(tokenizer.encode(text, parsesSpecial: true).count == ids.count + added, quoted)
            let plain = golden[3] is NSNull ? ids : try Self.ids(golden[3])
            #expect(tokenizer.encode(text, addsBOS: false, addsEOS: false) == plain, quoted)
            for (skips, expected) in [(false, golden[4]), (true, golden[5])]
            where !(expected is NSNull) {
                let expected = try #require(expected as? String)
                let decoded = tokenizer.decode(ids, skipsSpecial: skips)
                #expect(Array(decoded.utf8) == Array(expected.utf8), quoted)
            }
        }
    }

    @Test(
        "SentencePiece vocabularies encode and decode as the reference does",
        arguments: ["spm-gemma", "spm-llama", "spm-unknown"]
    )
    func sentencePiece(name: String) throws {
        let golden = try Self.object(name)
        let scores = try #require(golden["scores"] as? [NSNumber]).map(\.floatValue)
        let tokenizer = try Tokenizer(
            vocabulary: TokenizerVocabulary(
                model: "llama",
                tokens: try #require(golden["tokens"] as? [String]),
                types: try Self.ids(golden["types"] as Any).map {
                    TokenType(rawValue: $0) ?? .unused
                },
                scores: scores,
                bosToken: 1,
                eosToken: 2,
                unknownToken: 0,
                addsSpacePrefix: try #require(golden["adds_space_prefix"] as? Bool)
            )
        )
        let cases = try #require(golden["cases"] as? [[Any]])
        #expect(cases.count >= 60)
        for golden in cases {
            let text = try #require(golden[0] as? String)
            let ids = try Self.ids(golden[1])
            let quoted = Comment(rawValue: text.debugDescription)
            #expect(tokenizer.encode(text) == ids, quoted)
            // For the unknown SentencePiece writes U+2047 between spaces, we the token's name.
            let decoded = tokenizer.decode(ids).replacing("<unk>", with: " \u{2047} ")
            #expect(Array(decoded.utf8) == Array(try #require(golden[2] as? String).utf8), quoted)
        }
    }
}
