import JSONText

extension TokenizerJSON {
    /// What cuts text into words.
    struct PreTokenizerSteps {
        var steps: [any PreTokenizationStep] = []
        /// Whether words are spelled in GPT-2's alphabet of bytes.
        var isByteLevel = false
    }

    private static let supportedSteps = [
        "ByteLevel", "Digits", "Metaspace", "Punctuation", "Sequence", "Split", "Whitespace",
        "WhitespaceSplit",
    ]

    /// Reads the section `pre_tokenizer`.
    func readPreTokenizer() throws(TokenizerError) -> PreTokenizerSteps {
        var result = PreTokenizerSteps()
        try append(root["pre_tokenizer"], to: &result)
        return result
    }

    private func append(
        _ node: JSONNode,
        to result: inout PreTokenizerSteps
    ) throws(TokenizerError) {
        if node.isNull { return }
        let type = try node.type(among: Self.supportedSteps)
        guard !result.isByteLevel || type == "Sequence" else {
            throw node.invalid("before ByteLevel, which comes last")
        }
        switch type {
        case "Sequence":
            for part in try node["pretokenizers"].requireArray() { try append(part, to: &result) }
        case "ByteLevel":
            if try node["add_prefix_space"].bool() ?? true { result.steps.append(SpacePrefix()) }
            if try node["use_regex"].bool() ?? true {
                result.steps.append(PatternCut(GPT2PreTokenizer()))
            }
            result.isByteLevel = true
        case "Digits":
            let isIndividual = try node["individual_digits"].bool() ?? false
            result.steps.append(
                DelimiterSplit(
                    delimiter: .number,
                    behavior: isIndividual ? .isolated : .contiguous
                )
            )
        case "Punctuation":
            let behavior = try node["behavior"].isNull ? .isolated : behavior(node["behavior"])
            result.steps.append(DelimiterSplit(delimiter: .punctuation, behavior: behavior))
        case "Whitespace": result.steps.append(WhitespacePreTokenizer())
        case "WhitespaceSplit":
            result.steps.append(DelimiterSplit(delimiter: .whitespace, behavior: .removed))
        case "Metaspace": result.steps.append(try metaspace(node))
        default: result.steps.append(try split(node))
        }
    }

    private func behavior(_ node: JSONNode) throws(TokenizerError) -> DelimiterSplit.Behavior {
        let name = try node.requireString()
        guard let behavior = DelimiterSplit.Behavior(rawValue: name) else {
            throw node.unsupported(DelimiterSplit.Behavior.allCases.map(\.rawValue))
        }
        return behavior
    }

    private func metaspace(_ node: JSONNode) throws(TokenizerError) -> Metaspace {
        let marks = Array(try node["replacement"].requireString().unicodeScalars)
        guard marks.count == 1 else { throw node["replacement"].invalid("one character") }
        let scheme: Metaspace.PrependScheme
        if let name = node["prepend_scheme"].string {
            guard let known = Metaspace.PrependScheme(rawValue: name) else {
                throw node["prepend_scheme"].unsupported(
                    Metaspace.PrependScheme.allCases.map(\.rawValue)
                )
            }
            scheme = known
        } else {
            // Old files say only whether.
            scheme = try node["add_prefix_space"].bool() ?? true ? .always : .never
        }
        return Metaspace(
            mark: marks[0],
            prependScheme: scheme,
            cutsWords: try node["split"].bool() ?? true
        )
    }

    private func split(_ node: JSONNode) throws(TokenizerError) -> any PreTokenizationStep {
        let behavior = try behavior(node["behavior"])
        let isInverted = try node["invert"].bool() ?? false
        guard let expression = node["pattern"]["Regex"].string else {
            let text = try node["pattern"].literalPattern()
            guard !isInverted else { throw node["invert"].unsupported(["false"]) }
            return DelimiterSplit(
                delimiter: .text(Array(text.unicodeScalars)),
                behavior: behavior
            )
        }
        guard let known = splitPatterns.first(where: { $0.expression == expression }) else {
            throw .unsupportedPreTokenizer(
                expression,
                supported: splitPatterns.map(\.expression)
            )
        }
        // The known patterns cover all text, so that their matches are the words.
        guard isInverted ? behavior == .removed : behavior == .isolated else {
            throw node["behavior"].unsupported(["Isolated", "Removed with invert"])
        }
        return PatternCut(known.preTokenizer)
    }
}
