import JSONText

extension TokenizerJSON {
    private static let supportedProcessors = [
        "BertProcessing", "ByteLevel", "RobertaProcessing", "Sequence", "TemplateProcessing",
    ]

    /// The tokens that the section `post_processor` puts before and after a text.
    func template(
        vocabularySize: Int
    ) throws(TokenizerError) -> (prefix: [Int32], suffix: [Int32]) {
        var template = Template(vocabularySize: vocabularySize)
        try append(root["post_processor"], to: &template)
        return (template.prefix, template.suffix)
    }

    private struct Template {
        let vocabularySize: Int
        var prefix: [Int32] = []
        var suffix: [Int32] = []

        func id(_ node: JSONNode) throws(TokenizerError) -> Int32 {
            Int32(try node.requireInteger(in: 0...(vocabularySize - 1)))
        }
    }

    private func append(_ node: JSONNode, to template: inout Template) throws(TokenizerError) {
        if node.isNull { return }
        switch try node.type(among: Self.supportedProcessors) {
        case "ByteLevel": return
        case "Sequence":
            for part in try node["processors"].requireArray() { try append(part, to: &template) }
        case "TemplateProcessing": try appendSingle(node, to: &template)
        default:
            template.prefix = [try named(node["cls"], template)] + template.prefix
            template.suffix.append(try named(node["sep"], template))
        }
    }

    /// A token that is written as its text and its id.
    private func named(
        _ node: JSONNode,
        _ template: Template
    ) throws(TokenizerError) -> Int32 {
        let parts = try node.requireArray()
        guard parts.count == 2 else { throw node.invalid("a token and its id") }
        return try template.id(parts[1])
    }

    private func appendSingle(
        _ node: JSONNode,
        to template: inout Template
    ) throws(TokenizerError) {
        var (prefix, suffix): ([Int32], [Int32]) = ([], [])
        var isAfterText = false
        for part in try node["single"].requireArray() {
            if !part["Sequence"].isNull {
                guard !isAfterText else { throw part.invalid("the only Sequence") }
                isAfterText = true
                continue
            }
            let name = try part["SpecialToken"]["id"].requireString()
            for id in try node["special_tokens"][name]["ids"].requireArray() {
                let id = try template.id(id)
                if isAfterText { suffix.append(id) } else { prefix.append(id) }
            }
        }
        guard isAfterText else { throw node["single"].invalid("a template with a Sequence") }
        template.prefix = prefix + template.prefix
        template.suffix += suffix
    }
}
