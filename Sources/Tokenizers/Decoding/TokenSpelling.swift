/// How tokens become text.
struct TokenSpelling: Sendable, Equatable {
    /// One change of a token's text, on the way to its bytes.
    enum Step: Sendable, Equatable {
        /// Each character of GPT-2's alphabet is a byte.
        case byteLevel
        /// `<0x0A>` is a byte.
        case byteFallback
        /// `replacement` for every occurrence of `pattern`, which is not empty.
        case replace(pattern: [UInt8], replacement: [UInt8])
        /// Without up to so many bytes of one kind at its ends.
        case strip(byte: UInt8, start: Int, stop: Int)
    }

    /// The changes of a token, in order.
    var steps: [Step]

    /// Whether added tokens are spelled in the same way, rather than as they are.
    var appliesToAddedTokens = false

    /// What is left out at the beginning of the text.
    var leading = Leading()

    /// What is left out at the beginning of a text.
    struct Leading: Sendable, Equatable {
        /// The byte of which up to `count` are left out.
        var byte: UInt8 = 0x20
        var count = 0
        /// Whether every space of the first token is left out, too.
        var firstTokenHasNoSpaces = false
    }

    /// The names under which `tokenizer.json` knows the steps.
    static let supported = [
        "ByteFallback", "ByteLevel", "Fuse", "Metaspace", "Replace", "Sequence", "Strip",
    ]

    /// Byte-level BPE's.
    static let byteLevel = Self(steps: [.byteLevel])

    /// SentencePiece's.
    static func sentencePiece(stripsLeadingSpace: Bool) -> Self {
        Self(
            steps: [
                .byteFallback, .replace(pattern: Array("\u{2581}".utf8), replacement: [0x20]),
            ],
            leading: Leading(count: stripsLeadingSpace ? 1 : 0)
        )
    }

    /// The bytes that a token stands for.
    func bytes(of token: String, isAdded: Bool) -> [UInt8] {
        var bytes = Array(token.utf8)
        if isAdded, !appliesToAddedTokens { return bytes }
        for step in steps {
            switch step {
            case .byteLevel:
                if !isAdded { return ByteAlphabet.bytes(of: token) }
            case .byteFallback:
                if let byte = ByteFallback.byte(of: token) { return [byte] }
            case .replace(let pattern, let replacement):
                bytes = bytes.replacing(pattern, with: replacement)
            case .strip(let byte, let start, let stop):
                bytes.removeFirst(bytes.prefix(start).prefix { $0 == byte }.count)
                bytes.removeLast(bytes.suffix(stop).reversed().prefix { $0 == byte }.count)
            }
        }
        return bytes
    }
}
