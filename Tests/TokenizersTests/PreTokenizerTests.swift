import Testing

@testable import Tokenizers

@Suite("PreTokenizer")
struct PreTokenizerTests {
    private func words(_ text: String, _ name: String = "gpt-2") throws -> [String] {
        let scalars = Array(text.unicodeScalars)
        var ends: [Int] = []
        try bytePairPattern(named: name).preTokenizer.appendWordEnds(of: scalars[...], to: &ends)
        var start = 0
        return ends.map { end in
            defer { start = end }
            return String(String.UnicodeScalarView(scalars[start..<end]))
        }
    }

    @Test(
        "GPT-2's pattern cuts words",
        arguments: [
            // Contractions, which are case-sensitive and need their whole spelling.
            ("it's don't", ["it", "'s", " don", "'t"]),
            (
                "I've we're I'll I'm he'd",
                [
                    "I", "'ve", " we", "'re", " I", "'ll", " I", "'m", " he", "'d",
                ]
            ),
            ("I'S we'LL", ["I", "'", "S", " we", "'", "LL"]),
            ("'r 'v 'l", ["'", "r", " '", "v", " '", "l"]),
            ("'ra 'va 'la", ["'", "ra", " '", "va", " '", "la"]),
            ("'r", ["'", "r"]), ("'l", ["'", "l"]), ("'", ["'"]), ("'sell", ["'s", "ell"]),
            (" 'tis", [" '", "tis"]), ("''s", ["''", "s"]),
            // One space goes with what follows it.
            ("a b", ["a", " b"]), (" 12 .;", [" 12", " .;"]), ("a1b", ["a", "1", "b"]),
            // `\s+(?!\S)` leaves one white space, which joins only if it is a space.
            ("a  b", ["a", " ", " b"]), ("a   b", ["a", "  ", " b"]),
            ("a \n\tb", ["a", " \n", "\t", "b"]), ("a\nb", ["a", "\n", "b"]),
            ("a\tb", ["a", "\t", "b"]), ("a\u{A0}b", ["a", "\u{A0}", "b"]),
            ("a \u{3000}我", ["a", " ", "\u{3000}", "我"]),
            ("\r\n\r\na", ["\r\n\r", "\n", "a"]),
            // At the end all of it is one word.
            ("a ", ["a", " "]), ("a \n ", ["a", " \n "]), (" ", [" "]), ("", []),
            ("\u{85}\u{2028}", ["\u{85}\u{2028}"]),
            // Letters, numbers and the rest, beyond ASCII.
            ("ǅʰªא", ["ǅʰªא"]), ("½Ⅷ٣", ["½Ⅷ٣"]), ("é", ["é"]),
            ("e\u{301}a", ["e", "\u{301}", "a"]),
            ("👩\u{200D}🚀x", ["👩\u{200D}🚀", "x"]), (" 🦙\u{FE0F}", [" 🦙\u{FE0F}"]),
            ("a\u{0}b", ["a", "\u{0}", "b"]), ("\u{378}a", ["\u{378}", "a"]),
            ("snake_case", ["snake", "_", "case"]),
        ]
    )
    func gpt2(text: String, expected: [String]) throws {
        #expect(try words(text) == expected)
        #expect(try words(text, "gpt2") == expected)
    }

    @Test(
        "SmolLM's pattern takes each number scalar alone",
        arguments: [
            ("a12", ["a", "1", "2"]), (" 12", [" ", "1", "2"]), ("a  1", ["a", "  ", "1"]),
            ("½Ⅷ x", ["½", "Ⅷ", " x"]), ("1's", ["1", "'s"]), ("'1s", ["'", "1", "s"]),
            ("1  a", ["1", " ", " a"]), ("7", ["7"]), ("", []), ("it's", ["it", "'s"]),
        ]
    )
    func smolLM(text: String, expected: [String]) throws {
        #expect(try words(text, "smollm") == expected)
    }

    @Test(
        "Llama 3's pattern cuts words",
        arguments: [
            ("it's WE'LL", ["it", "'s", " WE", "'LL"]), ("'\u{17F}x", ["'\u{17F}", "x"]),
            ("'re 'rx", ["'re", " '", "rx"]), (" 1234567", [" ", "123", "456", "7"]),
            ("$abc(x)", ["$abc", "(x", ")"]), ("\tabc", ["\tabc"]), ("\nabc", ["\n", "abc"]),
            ("a  b", ["a", " ", " b"]), ("a.\r\n\nb", ["a", ".\r\n\n", "b"]),
            ("a \n \n  b", ["a", " \n \n", " ", " b"]), ("x  ", ["x", "  "]),
            (" !!\n", [" !!\n"]), ("", []),
        ]
    )
    func llama3(text: String, expected: [String]) throws {
        #expect(try words(text, "llama-bpe") == expected)
    }

    @Test("Qwen2's pattern takes each number scalar alone")
    func qwen2() throws {
        #expect(try words(" 123 a", "qwen2") == [" ", "1", "2", "3", " a"])
    }

    @Test("classes of ASCII agree with Unicode's properties")
    func asciiClasses() {
        for value in UInt8(0)..<128 {
            let scalar = Unicode.Scalar(value)
            let isLetter = scalar.properties.isAlphabetic
            let isNumber = scalar.properties.numericType != nil
            #expect((ScalarClass(scalar) == .letter) == isLetter)
            #expect((ScalarClass(scalar) == .number) == isNumber)
            #expect((ScalarClass(scalar) == .whitespace) == scalar.properties.isWhitespace)
        }
    }

    @Test(
        "words cover random text without gaps",
        arguments: ["gpt-2", "smollm", "llama-bpe", "qwen2"]
    )
    func wordsCoverText(name: String) throws {
        let seed: UInt64 = 0x5EED_0001
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<500 {
            let text = generator.text(upTo: 40)
            let words = try words(text, name)
            #expect(!words.contains(""), "seed \(seed)")
            #expect(Array(words.joined().utf8) == Array(text.utf8), "seed \(seed)")
        }
    }
}
