import Testing

@testable import Tokenizers

@Suite("StopStrings")
struct StopStringsTests {
    /// What is emitted for each piece, then at the end.
    private func run(_ stops: [String], _ pieces: [String]) -> (output: [String], stop: String?) {
        var matcher = StopStrings(stops)
        let output = pieces.map { matcher.append($0) }
        return (output + [matcher.finish()], matcher.matched)
    }

    @Test(
        "passes everything on without stop strings, and ignores empty ones",
        arguments: [[], [""]]
    )
    func passesOn(stops: [String]) {
        let (output, stop) = run(stops, ["a", "", "b"])
        #expect(output == ["a", "", "b", ""])
        #expect(stop == nil)
    }

    @Test("emits the text before a stop string, and nothing from it on")
    func stops() {
        let (output, stop) = run(["END"], ["one END two", "three"])
        #expect(output == ["one ", "", ""])
        #expect(stop == "END")
    }

    @Test("finds a stop string that straddles pieces")
    func straddles() {
        let (output, stop) = run(["\n\nUser:"], ["hi\n", "\nUs", "er", ": x"])
        #expect(output == ["hi", "", "", "", ""])
        #expect(stop == "\n\nUser:")
    }

    @Test("releases what was held back when it is no stop string after all")
    func releases() {
        let (output, stop) = run(["\n\nUser:"], ["hi\n", "\nUs", "ers", " \n"])
        #expect(output == ["hi", "", "\n\nUsers", " ", "\n"])
        #expect(stop == nil)
    }

    @Test("holds back no more than can begin a stop string")
    func holdsBackSuffix() {
        let (output, stop) = run(["aab"], ["aaa", "aab"])
        #expect(output == ["a", "aa", ""])
        #expect(stop == "aab")
    }

    @Test("counts the stop string that is complete first, of those the longest")
    func overlapping() {
        #expect(run(["abcd", "bc"], ["xabcd"]).output == ["xa", ""])
        #expect(run(["abcd", "bc"], ["xabcd"]).stop == "bc")
        #expect(run(["cd", "abcd"], ["xabcd"]).output == ["x", ""])
        #expect(run(["cd", "abcd"], ["xabcd"]).stop == "abcd")
        #expect(run(["abcx", "bcd"], ["abcd"]).output == ["a", ""])
    }

    @Test("compares UTF-8, never half a character")
    func multibyte() {
        #expect(run(["é!"], ["ã", "é", "?", "é", "!"]).output == ["ã", "", "é?", "", "", ""])
        #expect(run(["\u{E9}"], ["e\u{301}"]).stop == nil)
    }

    @Test("gives the same text however it is cut, and the same as a search in the whole")
    func cutMakesNoDifference() {
        let seed: UInt64 = 0x5EED_0006
        var generator = SeededGenerator(seed: seed)
        func random(upTo length: Int) -> String {
            let alphabet: [Character] = ["a", "b", "é"]
            return String(
                (0..<Int.random(in: 1...length, using: &generator)).map { _ in
                    alphabet.randomElement(using: &generator) ?? "a"
                }
            )
        }
        for _ in 0..<2000 {
            let stops = (0..<Int.random(in: 1...3, using: &generator)).map { _ in random(upTo: 4) }
            let text = random(upTo: 20)
            var pieces: [String] = []
            var rest = text[...]
            while !rest.isEmpty {
                pieces.append(String(rest.prefix(Int.random(in: 1...4, using: &generator))))
                rest = rest.dropFirst(pieces.last?.count ?? 1)
            }
            let (output, stop) = run(stops, pieces)
            let expected = search(stops, in: text)
            #expect(output.joined() == expected.text, "seed \(seed): \(stops) in \(pieces)")
            #expect(stop == expected.stop, "seed \(seed): \(stops) in \(pieces)")
        }
    }

    /// The definition: the first end of a stop string, there the longest.
    private func search(_ stops: [String], in text: String) -> (text: String, stop: String?) {
        for count in 0...text.count {
            let head = text.prefix(count)
            let ending = stops.filter { head.hasSuffix($0) }
            if let stop = ending.max(by: { $0.count < $1.count }) {
                return (String(head.dropLast(stop.count)), stop)
            }
        }
        return (text, nil)
    }
}
