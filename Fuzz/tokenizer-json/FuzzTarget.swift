/// Reads the input as `tokenizer.json`, and uses the tokenizer that was found in it.
///
/// What comes before the first NUL byte is `tokenizer.json`; what follows, if anything, is
/// `tokenizer_config.json`. What is refused must be refused with an error that fits one line; what
/// is accepted must encode to tokens in range and decode as it streams.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    // SAFETY: the fuzzer lends `count` bytes for the duration of the call; they are copied.
    let bytes = unsafe Array(UnsafeBufferPointer(start: start, count: count))
    let files = bytes.split(separator: 0, maxSplits: 1, omittingEmptySubsequences: false)
    do throws(TokenizerError) {
        let config = try files.count > 1 ? TokenizerConfig(json: Array(files[1])) : .init()
        use(try Tokenizer(tokenizerJSON: Array(files[0]), config: config))
    } catch {
        precondition(!error.description.isEmpty)
        precondition(!error.description.contains("\n"))
    }
    return 0
}

private let texts = [
    "", " ", "Hello  world's 123\n\n\t", " <s>a</s> <|end|> naïve e\u{301} 北京 🦙\u{0}", "aaaaaaaab",
]

private func use(_ tokenizer: Tokenizer) {
    for text in texts {
        for parsesSpecial in [false, true] {
            let tokens = tokenizer.encode(text, parsesSpecial: parsesSpecial)
            precondition(tokens.allSatisfy { (0..<tokenizer.vocabularySize).contains(Int($0)) })
            var decoder = TokenDecoder(tokenizer: tokenizer)
            let streamed = tokens.map { decoder.append($0) }.joined() + decoder.finish()
            precondition(streamed == tokenizer.decode(tokens, skipsSpecial: true))
        }
    }
}
