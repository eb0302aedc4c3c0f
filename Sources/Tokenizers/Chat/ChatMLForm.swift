/// The fixed texts of a template of the ChatML form.
struct ChatMLForm: Sendable, Equatable {
    /// Before the role of each message.
    private(set) var beforeRole = ""
    /// Between role and content.
    private(set) var beforeContent = ""
    /// After the content.
    private(set) var afterContent = ""
    /// Before the first message, when that is not of role `system`.
    private(set) var defaultSystem = ""
    /// Opens the answer.
    private(set) var generationPrompt = ""

    /// Reads the texts out of a template.
    init(source: String) throws(TokenizerError) {
        var reader = TemplateReader(try TemplateSegment.segments(of: source))
        if reader.skip("if not add_generation_prompt is defined") {
            try reader.expect("set add_generation_prompt = false")
            try reader.expect("endif")
        }
        try reader.expect("for message in messages")
        if reader.skip("if loop.first and messages[0]['role'] != 'system'") {
            defaultSystem = try reader.literal()
            try reader.expect("endif")
        }
        try readMessage(&reader)
        try reader.expect("endfor")
        try reader.expect("if add_generation_prompt")
        generationPrompt = try reader.literal()
        try reader.expect("endif")
        try reader.expectEnd()
    }

    private mutating func readMessage(_ reader: inout TemplateReader) throws(TokenizerError) {
        let parts = try reader.output()
        guard
            parts.filter({ !$0.isLiteral }) == [.field("role"), .field("content")],
            let role = parts.firstIndex(of: .field("role")),
            let content = parts.firstIndex(of: .field("content"))
        else {
            throw .unsupportedChatTemplate(found: parts.map(\.description).joined(separator: " + "))
        }
        beforeRole = parts[..<role].map(\.text).joined()
        beforeContent = parts[role..<content].map(\.text).joined()
        afterContent = parts[content...].map(\.text).joined()
    }
}
