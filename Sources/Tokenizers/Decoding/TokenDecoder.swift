/// Turns tokens into text as they come, without ever cutting a character's UTF-8.
///
/// The pieces together are the text that `Tokenizer.decode` gives for all tokens at once.
public struct TokenDecoder: Sendable {
    private let tokenizer: Tokenizer
    private let skipsSpecial: Bool
    /// The beginning of a character whose other bytes are still to come; at most three bytes.
    private var pending: [UInt8] = []
    /// What is still left out, because nothing of the text has come yet.
    private var leading: TokenSpelling.Leading

    /// Begins a text.
    ///
    /// - Parameters:
    ///   - tokenizer: Whose tokens are decoded.
    ///   - skipsSpecial: Whether control tokens are left out.
    ///   - continuesText: Whether other text comes before this one, such as a prompt; then the
    ///     space with which SentencePiece's words begin is kept, which otherwise is left out at
    ///     the beginning of the text.
    public init(tokenizer: Tokenizer, skipsSpecial: Bool = true, continuesText: Bool = false) {
        self.tokenizer = tokenizer
        self.skipsSpecial = skipsSpecial
        leading = continuesText ? TokenSpelling.Leading() : tokenizer.leading
    }

    /// The text that `token` completes; empty while a character is incomplete.
    ///
    /// Bytes that cannot become UTF-8 any more are replaced by U+FFFD, as `String(decoding:as:)`
    /// does.
    public mutating func append(_ token: Int32) -> String {
        if skipsSpecial, tokenizer.isSpecial(token) { return "" }
        appendBytes(of: token)
        let completeCount = pending.count - incompleteSuffixCount
        let text = String(decoding: pending[..<completeCount], as: UTF8.self)
        pending.removeFirst(completeCount)
        return text
    }

    /// What is left at the end: U+FFFD for an incomplete character, else nothing.
    public mutating func finish() -> String {
        defer { pending.removeAll() }
        return String(decoding: pending, as: UTF8.self)
    }

    private mutating func appendBytes(of token: Int32) {
        var bytes = tokenizer.token(token)
        if leading.firstTokenHasNoSpaces {
            leading.firstTokenHasNoSpaces = false
            bytes.removeAll { $0 == 0x20 }
        }
        while leading.count > 0, let first = bytes.first {
            guard first == leading.byte else {
                leading.count = 0
                break
            }
            bytes.removeFirst()
            leading.count -= 1
        }
        pending += bytes
    }

    /// How many bytes at the end may begin a character that further bytes complete.
    private var incompleteSuffixCount: Int {
        for count in 1...3 where count <= pending.count {
            let start = pending.count - count
            let lead = pending[start]
            if lead & 0xC0 == 0x80 { continue }
            guard let form = UTF8Form(lead: lead), count < form.byteCount else { return 0 }
            let isValid = count == 1 || form.secondBytes.contains(pending[start + 1])
            return isValid ? count : 0
        }
        return 0
    }
}

/// What may follow the first byte of a character of several bytes (Unicode 15, table 3-7).
private struct UTF8Form {
    var byteCount: Int
    var secondBytes: ClosedRange<UInt8> = 0x80...0xBF

    init?(lead: UInt8) {
        switch lead {
        case 0xC2...0xDF: byteCount = 2
        case 0xE0: (byteCount, secondBytes) = (3, 0xA0...0xBF)
        case 0xED: (byteCount, secondBytes) = (3, 0x80...0x9F)
        case 0xE1...0xEF: byteCount = 3
        case 0xF0: (byteCount, secondBytes) = (4, 0x90...0xBF)
        case 0xF4: (byteCount, secondBytes) = (4, 0x80...0x8F)
        case 0xF1...0xF3: byteCount = 4
        default: return nil
        }
    }
}
