/// How a model wants a conversation written down: the Jinja template that its publisher wrote.
///
/// What participants wrote stays marked as such through every operation of the template, so it
/// cannot forge control tokens.
public struct ChatTemplate: Sendable {
    private let template: JinjaTemplate
    private let constants: [String: JinjaValue]

    /// Roles that may be a part of a control token's name, as in `<|user|>`.
    private static let knownRoles: Set = [
        "system", "user", "assistant", "tool", "developer", "model", "ipython", "function",
    ]

    /// Reads a template, as in GGUF's `tokenizer.chat_template`.
    ///
    /// - Parameters:
    ///   - source: The template, in Jinja's syntax.
    ///   - bosToken: The text of the token that begins a text, the template's `bos_token`.
    ///   - eosToken: The text of the token that ends one, the template's `eos_token`.
    /// - Throws: `TokenizerError.missingChatTemplate`, or `.chatTemplate` when it cannot be read.
    public init(
        source: String?,
        bosToken: String? = nil,
        eosToken: String? = nil
    ) throws(TokenizerError) {
        guard let source else { throw .missingChatTemplate }
        do { template = try JinjaTemplate(source) } catch { throw .chatTemplate(error) }
        var constants: [String: JinjaValue] = ["tools": .none, "documents": .none]
        constants["bos_token"] = bosToken.map(JinjaValue.trusted)
        constants["eos_token"] = eosToken.map(JinjaValue.trusted)
        self.constants = constants
    }

    /// The prompt of a conversation, in stretches of markup and of what the participants wrote.
    ///
    /// - Parameters:
    ///   - messages: The turns so far.
    ///   - addsGenerationPrompt: Whether the prompt ends with the opening of the answer.
    ///   - variables: More variables of the template, such as `tools` or `enable_thinking`.
    ///   - now: What the template's `strftime_now` tells; nil: it has no such function.
    ///   - limits: What rendering may cost.
    /// - Returns: The stretches in order, none empty, for `Tokenizer.encode` without another BOS.
    /// - Throws: `TokenizerError.chatTemplate` when the template fails, refuses the conversation, or
    ///   would cost more than `limits`.
    public func pieces(
        messages: [ChatMessage],
        addsGenerationPrompt: Bool,
        variables: [String: JinjaValue] = [:],
        now: JinjaDate? = nil,
        limits: JinjaLimits = JinjaLimits()
    ) throws(TokenizerError) -> [PromptPiece] {
        var context = constants.merging(variables) { $1 }
        context["add_generation_prompt"] = .bool(addsGenerationPrompt)
        context["messages"] = .list(
            messages.map { message in
                let isKnown = Self.knownRoles.contains(message.role)
                return .object([
                    ("role", isKnown ? .trusted(message.role) : .untrusted(message.role)),
                    ("content", .untrusted(message.content)),
                ])
            }
        )
        do throws(JinjaError) {
            return try template.render(context, limits: limits, now: now)
        } catch {
            throw .chatTemplate(error)
        }
    }

    /// The text of a conversation.
    ///
    /// To encode it, prefer `Tokenizer.encode` of `pieces`: there a message cannot forge markup.
    ///
    /// - Returns: The joined texts of `pieces`, whose parameters and errors these are.
    public func render(
        messages: [ChatMessage],
        addsGenerationPrompt: Bool,
        variables: [String: JinjaValue] = [:],
        now: JinjaDate? = nil,
        limits: JinjaLimits = JinjaLimits()
    ) throws(TokenizerError) -> String {
        try pieces(
            messages: messages,
            addsGenerationPrompt: addsGenerationPrompt,
            variables: variables,
            now: now,
            limits: limits
        ).map(\.text).joined()
    }
}
