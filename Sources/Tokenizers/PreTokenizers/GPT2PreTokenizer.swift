/// GPT-2's pattern:
/// `'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`.
struct GPT2PreTokenizer: PreTokenizer {
    /// The pattern, as `tokenizer.json` spells it.
    static let expression =
        #"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"#

    func appendWordEnds(of text: ArraySlice<Unicode.Scalar>, to ends: inout [Int]) {
        var start = text.startIndex
        while start < text.endIndex {
            start = endOfWord(in: text, from: start)
            ends.append(start)
        }
    }

    private func endOfWord(in text: ArraySlice<Unicode.Scalar>, from start: Int) -> Int {
        if let end = endOfContraction(in: text, from: start) { return end }
        let hasSpace = text[start] == " " && start + 1 < text.endIndex
        let first = hasSpace ? start + 1 : start
        let scalarClass = ScalarClass(text[first])
        guard scalarClass == .whitespace else {
            return text.endOfRun(of: scalarClass, from: first)
        }
        // `\s+(?!\S)` leaves the last white space to the word that follows, if there is another.
        let end = text.endOfRun(of: .whitespace, from: start)
        return end == text.endIndex || end == start + 1 ? end : end - 1
    }

    private func endOfContraction(in text: ArraySlice<Unicode.Scalar>, from start: Int) -> Int? {
        guard text[start] == "'", start + 1 < text.endIndex else { return nil }
        switch text[start + 1] {
        case "s", "t", "m", "d":
            return start + 2
        case "r", "v":
            return start + 2 < text.endIndex && text[start + 2] == "e" ? start + 3 : nil
        case "l":
            return start + 2 < text.endIndex && text[start + 2] == "l" ? start + 3 : nil
        default:
            return nil
        }
    }
}
