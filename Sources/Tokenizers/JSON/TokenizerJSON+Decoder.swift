import JSONText

extension TokenizerJSON {
    /// How tokens become text.
    func spelling() throws(TokenizerError) -> TokenSpelling {
        var reader = SpellingReader()
        try reader.append(root["decoder"])
        try root["decoder"].limitGrowth(
            reader.spelling.steps.map { step in
                guard case .replace(let pattern, let replacement) = step else { return (1, 1) }
                return (pattern.count, replacement.count)
            }
        )
        return reader.spelling
    }
}

/// Reads decoders; what comes after `Fuse` works on the whole text.
private struct SpellingReader {
    var spelling = TokenSpelling(steps: [], appliesToAddedTokens: true)
    private var isFused = false

    mutating func append(_ node: JSONNode) throws(TokenizerError) {
        guard !node.isNull else {
            throw .unsupportedPart(
                part: node.path,
                type: "null",
                supported: TokenSpelling.supported
            )
        }
        switch try node.type(among: TokenSpelling.supported) {
        case "Sequence":
            for part in try node["decoders"].requireArray() { try append(part) }
        case "ByteLevel": spelling.steps.append(.byteLevel)
        case "ByteFallback": spelling.steps.append(.byteFallback)
        case "Fuse": isFused = true
        case "Metaspace": try appendMetaspace(node)
        case "Strip": try appendStrip(node)
        default:
            guard !isFused else { throw node.invalid("before Fuse") }
            let replacement = try node["content"].requireString()
            spelling.steps.append(
                .replace(
                    pattern: Array(try node["pattern"].literalPattern().utf8),
                    replacement: Array(replacement.utf8)
                )
            )
        }
    }

    private mutating func appendMetaspace(_ node: JSONNode) throws(TokenizerError) {
        let mark = Array(try node["replacement"].requireString().utf8)
        guard !mark.isEmpty else { throw node["replacement"].invalid("one character") }
        spelling.steps.append(.replace(pattern: mark, replacement: [0x20]))
        let addsSpace = try node["add_prefix_space"].bool() ?? true
        let scheme = node["prepend_scheme"].string ?? (addsSpace ? "always" : "never")
        spelling.leading.firstTokenHasNoSpaces = scheme != "never"
    }

    private mutating func appendStrip(_ node: JSONNode) throws(TokenizerError) {
        let content = Array(try node["content"].requireString().utf8)
        guard content.count == 1 else { throw node["content"].invalid("one ASCII character") }
        let start = try node["start"].requireInteger(in: 0...Int(Int32.max))
        let stop = try node["stop"].requireInteger(in: 0...Int(Int32.max))
        guard isFused else {
            spelling.steps.append(.strip(byte: content[0], start: start, stop: stop))
            return
        }
        guard stop == 0 else { throw node["stop"].unsupported(["0"]) }
        guard spelling.leading.count == 0 else { throw node.invalid("the only Strip after Fuse") }
        (spelling.leading.byte, spelling.leading.count) = (content[0], start)
    }
}
