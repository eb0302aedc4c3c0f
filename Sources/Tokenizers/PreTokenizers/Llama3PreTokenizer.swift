/// Llama 3's pattern, and with another limit of numbers Qwen2's.
///
/// Runs of numbers are cut from the left into pieces of at most `numberLimit` scalars.
struct Llama3PreTokenizer: PreTokenizer {
    /// The most number scalars in one word.
    let numberLimit: Int

    /// Llama 3's, as `tokenizer.json` spells it.
    static let expression =
        #"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}"# + tail

    /// Qwen2's.
    static let qwen2Expression =
        #"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}"# + tail

    private static let tail = #"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"#

    func appendWordEnds(of text: ArraySlice<Unicode.Scalar>, to ends: inout [Int]) {
        var start = text.startIndex
        while start < text.endIndex {
            start = endOfWord(in: text, from: start)
            ends.append(start)
        }
    }

    private func endOfWord(in text: ArraySlice<Unicode.Scalar>, from start: Int) -> Int {
        if let end = endOfContraction(in: text, from: start) { return end }
        let first = text[start]
        let firstClass = ScalarClass(first)
        switch firstClass {
        case .letter:
            return text.endOfRun(of: .letter, from: start)
        case .number:
            let limit = min(start + numberLimit, text.endIndex)
            return text[..<limit].endOfRun(of: .number, from: start)
        case .whitespace, .other:
            break
        }
        let second = start + 1 < text.endIndex ? ScalarClass(text[start + 1]) : nil
        if second == .letter, !first.isLineBreak {
            return text.endOfRun(of: .letter, from: start + 1)
        }
        if firstClass == .other { return endOfMarks(in: text, from: start) }
        if first == " ", second == .other { return endOfMarks(in: text, from: start + 1) }
        return endOfWhitespace(in: text, from: start)
    }

    /// Marks and the line breaks after them: `[^\s\p{L}\p{N}]+[\r\n]*`.
    private func endOfMarks(in text: ArraySlice<Unicode.Scalar>, from start: Int) -> Int {
        var end = text.endOfRun(of: .other, from: start)
        while end < text.endIndex, text[end].isLineBreak { end += 1 }
        return end
    }

    /// White space: `\s*[\r\n]+|\s+(?!\S)|\s+`.
    private func endOfWhitespace(in text: ArraySlice<Unicode.Scalar>, from start: Int) -> Int {
        let end = text.endOfRun(of: .whitespace, from: start)
        if let lineBreak = text[start..<end].lastIndex(where: \.isLineBreak) {
            return lineBreak + 1
        }
        return end == text.endIndex || end == start + 1 ? end : end - 1
    }

    /// `(?i:'s|'t|'re|'ve|'m|'ll|'d)`; U+017F is an "s" to Unicode.
    private func endOfContraction(in text: ArraySlice<Unicode.Scalar>, from start: Int) -> Int? {
        guard text[start] == "'", start + 1 < text.endIndex else { return nil }
        let following = start + 2 < text.endIndex ? text[start + 2] : nil
        switch text[start + 1] {
        case "s", "S", "\u{17F}", "t", "T", "m", "M", "d", "D":
            return start + 2
        case "r", "R", "v", "V":
            return following == "e" || following == "E" ? start + 3 : nil
        case "l", "L":
            return following == "l" || following == "L" ? start + 3 : nil
        default:
            return nil
        }
    }
}

extension Unicode.Scalar {
    /// Whether the scalar is a carriage return or a line feed.
    fileprivate var isLineBreak: Bool { self == "\r" || self == "\n" }
}
