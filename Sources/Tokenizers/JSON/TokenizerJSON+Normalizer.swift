import JSONText

extension TokenizerJSON {
    /// What changes text before it is cut.
    func normalizer() throws(TokenizerError) -> Normalizer {
        var normalizer = Normalizer()
        try append(root["normalizer"], to: &normalizer.steps)
        try root["normalizer"].limitGrowth(
            normalizer.steps.map { step in
                switch step {
                case .replace(let pattern, let replacement): (pattern.count, replacement.count)
                case .prepend(let prefix): (1, prefix.count + 1)
                default: (1, 1)
                }
            }
        )
        return normalizer
    }

    private func append(
        _ node: JSONNode,
        to steps: inout [Normalizer.Step]
    ) throws(TokenizerError) {
        if node.isNull { return }
        switch try node.type(among: Normalizer.supported) {
        case "Sequence":
            for part in try node["normalizers"].requireArray() { try append(part, to: &steps) }
        case "NFC": steps.append(.nfc)
        case "NFD": steps.append(.nfd)
        case "NFKC": steps.append(.nfkc)
        case "NFKD": steps.append(.nfkd)
        case "Lowercase": steps.append(.lowercase)
        case "StripAccents": steps.append(.stripAccents)
        case "Strip":
            let left = try node["strip_left"].bool() ?? true
            steps.append(.strip(left: left, right: try node["strip_right"].bool() ?? true))
        case "Prepend":
            steps.append(.prepend(Array(try node["prepend"].requireString().utf8)))
        default:
            let replacement = try node["content"].requireString()
            steps.append(
                .replace(
                    pattern: Array(try node["pattern"].literalPattern().utf8),
                    replacement: Array(replacement.utf8)
                )
            )
        }
    }
}
