/// SmolLM's pattern: every number scalar (`\p{N}`) alone, then GPT-2's pattern in between.
struct SmolLMPreTokenizer: PreTokenizer {
    private let gpt2 = GPT2PreTokenizer()

    func appendWordEnds(of text: ArraySlice<Unicode.Scalar>, to ends: inout [Int]) {
        var start = text.startIndex
        for index in text.indices where ScalarClass(text[index]) == .number {
            gpt2.appendWordEnds(of: text[start..<index], to: &ends)
            ends.append(index + 1)
            start = index + 1
        }
        gpt2.appendWordEnds(of: text[start...], to: &ends)
    }
}
