import Testing

@testable import Tokenizers

@Suite("tokenizer.json")
struct TokenizerJSONTests {
    private static let model =
        #""model":{"type":"BPE","vocab":{"a":0,"b":1,"ab":2},"merges":["a b"]}"#
    private static let decoder = #""decoder":{"type":"Fuse"}"#

    private func tokenizer(_ json: String, _ config: String? = nil) throws -> Tokenizer {
        try Tokenizer(
            tokenizerJSON: Array(json.utf8),
            config: try config.map { try TokenizerConfig(json: Array($0.utf8)) }
                ?? TokenizerConfig()
        )
    }

    @Test(
        "names what it does not know, and what it does",
        arguments: [
            (#"{"model":{"type":"Unigram"}}"#, "tokenizer model: \"Unigram\"", "BPE"),
            (
                #"{\#(model),\#(decoder),"normalizer":{"type":"Nmt"}}"#, "normalizer: \"Nmt\"",
                "NFKC"
            ),
            (#"{\#(model),"decoder":{"type":"CTC"}}"#, "decoder: \"CTC\"", "ByteFallback"),
            (#"{\#(model)}"#, "decoder: \"null\"", "ByteFallback"),
            (
                #"{\#(model),\#(decoder),"pre_tokenizer":{"type":"Jieba"}}"#,
                "pre_tokenizer: \"Jieba\"", "Metaspace"
            ),
            (
                #"""
                {\#(model),"pre_tokenizer":{"type":"Split","behavior":"Isolated","pattern":\#
                {"Regex":"x+"}}}
                """#, "pre-tokenizer \"x+\"", "\\p{N}{1,3}"
            ),
            (
                #"{\#(model),\#(decoder),"post_processor":{"type":"Odd"}}"#,
                "post_processor: \"Odd\"", "TemplateProcessing"
            ),
        ]
    )
    func namesUnsupported(json: String, found: String, supported: String) throws {
        let error = #expect(throws: TokenizerError.self) { try tokenizer(json) }
        let line = error?.description ?? ""
        #expect(line.contains(found) && line.contains(supported), "\(line)")
        #expect(!line.contains("\n"))
    }

    @Test(
        "refuses values that contradict it",
        arguments: [
            (
                #"{\#(model),\#(decoder),"added_tokens":[{"id":-1,"content":"x"}]}"#,
                "added_tokens[0].id"
            ),
            (
                #"{\#(model),\#(decoder),"added_tokens":[{"id":99999999,"content":"x"}]}"#,
                "added_tokens[0].id"
            ),
            (#"{"model":{"vocab":{"a":1.5},"merges":[]}}"#, #"model.vocab["a"]"#),
            (#"{"model":{"vocab":[],"merges":[]}}"#, "model.vocab"),
            (#"{"model":{"vocab":{"a":0},"merges":[["a"]]}}"#, "model.merges[0]"),
            (#"{"model":{"vocab":{"a":0},"merges":[],"unk_token":"z"}}"#, "model.unk_token"),
            ("[]", "file"),
        ]
    )
    func refusesInvalid(json: String, path: String) throws {
        let error = #expect(throws: TokenizerError.self) { try tokenizer(json) }
        guard case .invalidValue(path, _) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }

    @Test("refuses replacements that would fill the memory", arguments: ["normalizer", "decoder"])
    func refusesGrowth(section: String) throws {
        let other = section == "decoder" ? "" : ",\(Self.decoder)"
        let step = #"{"type":"Replace","pattern":{"String":"a"},"content":"aaaaaaaaaaaaaaaa"}"#
        func json(_ count: Int) -> String {
            let steps = [String](repeating: step, count: count).joined(separator: ",")
            return
                #"{\#(Self.model)\#(other),"\#(section)":{"type":"Sequence","\#(section)s":[\#(steps)]}}"#
        }
        _ = try tokenizer(json(2))
        let error = #expect(throws: TokenizerError.self) { try tokenizer(json(3)) }
        #expect(error?.description.contains("thousandfold") == true)
    }

    @Test("keeps canonically equivalent tokens apart")
    func keepsEquivalentTokensApart() throws {
        let json = #"{"model":{"vocab":{"\u03a9":0,"\u2126":1},"merges":[]},\#(Self.decoder)}"#
        #expect(try tokenizer(json).encode("\u{2126}\u{3A9}") == [1, 0])
    }

    @Test("takes named tokens and what is added from the configuration")
    func readsConfig() throws {
        let json = "{\(Self.model),\(Self.decoder)}"
        let plain = try tokenizer(json)
        #expect(plain.encode("ab") == [2] && plain.bosToken == nil)
        let config =
            #"{"add_bos_token":true,"add_eos_token":true,"bos_token":{"content":"a"},"eos_token":"b"}"#
        let adding = try tokenizer(json, config)
        #expect(adding.encode("ab") == [0, 2, 1])
        #expect(adding.encode("ab", addsBOS: false, addsEOS: false) == [2])
        #expect(adding.endOfTextTokens == [1])
        #expect(
            throws: TokenizerError.invalidValue(
                path: "eos_token",
                expected: "a token of the vocabulary"
            )
        ) {
            try tokenizer(json, #"{"eos_token":"zz"}"#)
        }
        let named =
            #"{"chat_template":[{"name":"tool","template":"x"},{"name":"default","template":"y"}]}"#
        #expect(try TokenizerConfig(json: Array(named.utf8)).chatTemplate == "y")
    }

    @Test(
        "refuses damaged JSON where it is damaged",
        arguments: [("[1,]", 3), (String(repeating: "[", count: 1_000_000), 128)]
    )
    func refusesDamagedJSON(json: String, offset: Int) {
        let error = #expect(throws: TokenizerError.self) {
            try TokenizerConfig(json: Array(json.utf8))
        }
        guard case .malformedJSON(offset, _) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }
}
