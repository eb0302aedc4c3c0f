/// One turn of a conversation.
public struct ChatMessage: Sendable, Equatable {
    /// Who speaks, such as `system`, `user` or `assistant`.
    public var role: String

    /// What they say.
    public var content: String

    /// Makes a turn.
    public init(role: String, content: String) {
        self.role = role
        self.content = content
    }
}
