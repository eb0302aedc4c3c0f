import JSONText

extension TokenizerJSON {
    /// Refuses other kinds of models, whose vocabularies look different; old files name none.
    func requireBytePairModel() throws(TokenizerError) {
        if let type = root["model"]["type"].string, type != "BPE" {
            throw .unsupportedPart(part: "model", type: type, supported: ["BPE"])
        }
    }

    /// What cuts words into tokens.
    func model(_ tokens: [String], isByteLevel: Bool) throws(TokenizerError) -> BytePairModel {
        let node = root["model"]
        for name in ["continuing_subword_prefix", "end_of_word_suffix"] {
            let affix = node[name]
            guard affix.isNull || affix.string == "" else { throw affix.unsupported(["null"]) }
        }
        try refuseDropout(node["dropout"])
        let index = TokenIndex(tokens)
        let usesByteFallback = try node["byte_fallback"].bool() ?? false
        let symbols: BytePairModel.Symbols =
            isByteLevel ? .bytes : .characters(usesByteFallback ? ByteFallback(tokens) : nil)
        return BytePairModel(
            try BytePairMerges(merges(node["merges"]), index: index),
            index: index,
            symbols: symbols,
            unknown: try unknown(node, index),
            takesWholeWords: try node["ignore_merges"].bool() ?? false
        )
    }

    private func refuseDropout(_ node: JSONNode) throws(TokenizerError) {
        switch node.value {
        case nil, .null, .integer(0), .number(0): return
        default: throw node.unsupported(["null"])
        }
    }

    private func unknown(
        _ node: JSONNode,
        _ index: TokenIndex
    ) throws(TokenizerError) -> BytePairModel.Unknown? {
        guard !node["unk_token"].isNull else { return nil }
        let text = try node["unk_token"].requireString()
        guard let token = index.id(of: Array(text.utf8)) else {
            throw node["unk_token"].invalid("a token of the vocabulary")
        }
        return BytePairModel.Unknown(token: token, fuses: try node["fuse_unk"].bool() ?? false)
    }

    /// A merge is "left right", or an array of both.
    private func merges(_ node: JSONNode) throws(TokenizerError) -> [BytePairMerges.Merge] {
        guard case .array(let values) = node.value else { throw node.invalid("an array") }
        var merges: [BytePairMerges.Merge] = []
        merges.reserveCapacity(values.count)
        for (number, value) in values.enumerated() {
            switch value {
            case .string(let text):
                merges.append(try BytePairMerges.Merge(splitting: text, number: number))
            case .array(let pair):
                guard pair.count == 2, case .string(let left) = pair[0],
                    case .string(let right) = pair[1]
                else { fallthrough }
                merges.append(BytePairMerges.Merge(left: left, right: right))
            default:
                let path = "\(node.path)[\(number)]"
                throw .invalidValue(path: path, expected: "two tokens")
            }
        }
        return merges
    }
}
