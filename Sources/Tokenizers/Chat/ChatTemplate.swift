/// How a model wants a conversation written down.
///
/// Supports the ChatML form: a loop over the messages that writes role and content between fixed
/// texts, perhaps a default text before a conversation that has no system message, and the opening
/// of the answer. All of these texts are read from the template.
public struct ChatTemplate: Sendable, Equatable {
    private let form: ChatMLForm

    /// Roles that may be a part of a control token's name, as in `<|user|>`.
    private static let knownRoles: Set = ["system", "user", "assistant", "tool"]

    /// Reads a template in Jinja's syntax, as in GGUF's `tokenizer.chat_template`.
    ///
    /// - Throws: `TokenizerError.missingChatTemplate`, or `.unsupportedChatTemplate` when the
    ///   template is not of the ChatML form.
    public init(source: String?) throws(TokenizerError) {
        guard let source else { throw .missingChatTemplate }
        form = try ChatMLForm(source: source)
    }

    /// The prompt of a conversation, in stretches of markup and of what the participants wrote.
    ///
    /// - Parameters:
    ///   - messages: The turns so far.
    ///   - addsGenerationPrompt: Whether the prompt ends with the opening of the answer.
    /// - Returns: The stretches in order, none empty, for `Tokenizer.encode`.
    public func pieces(messages: [ChatMessage], addsGenerationPrompt: Bool) -> [PromptPiece] {
        var pieces: [PromptPiece] = []
        func add(_ text: String, isMarkup: Bool) {
            if let last = pieces.indices.last, pieces[last].parsesSpecial == isMarkup {
                pieces[last].text += text
            } else if !text.isEmpty {
                pieces.append(PromptPiece(text: text, parsesSpecial: isMarkup))
            }
        }
        if let first = messages.first, first.role != "system" {
            add(form.defaultSystem, isMarkup: true)
        }
        for message in messages {
            add(form.beforeRole, isMarkup: true)
            add(message.role, isMarkup: Self.knownRoles.contains(message.role))
            add(form.beforeContent, isMarkup: true)
            add(message.content, isMarkup: false)
            add(form.afterContent, isMarkup: true)
        }
        if addsGenerationPrompt { add(form.generationPrompt, isMarkup: true) }
        return pieces
    }

    /// The text of a conversation.
    ///
    /// To encode it, prefer `Tokenizer.encode` of `pieces(messages:addsGenerationPrompt:)`: there a
    /// message cannot forge markup.
    ///
    /// - Parameters:
    ///   - messages: The turns so far.
    ///   - addsGenerationPrompt: Whether the text ends with the opening of the answer.
    /// - Returns: The joined texts of `pieces(messages:addsGenerationPrompt:)`.
    public func render(messages: [ChatMessage], addsGenerationPrompt: Bool) -> String {
        pieces(messages: messages, addsGenerationPrompt: addsGenerationPrompt)
            .map(\.text).joined()
    }
}
