/// Why a tokenizer or a chat template could not be built from a model's metadata.
public enum TokenizerError: Error, Equatable {
    /// The vocabulary has no tokens.
    case emptyVocabulary

    /// There are types, but not one a token.
    case typeCountMismatch(tokenCount: Int, typeCount: Int)

    /// The id of a named token (bos, eos, …) is outside the vocabulary.
    case tokenOutOfRange(name: String, id: Int32, vocabularySize: Int)

    /// A merge is not two tokens separated by a space.
    case malformedMerge(index: Int, merge: String)

    /// A merge names a token, or makes one, that the vocabulary lacks.
    case mergeOfUnknownToken(index: Int, merge: String, token: String)

    /// The tokenizer is of a kind that is not byte-level BPE.
    case unsupportedModel(String, supported: [String])

    /// The pattern that cuts text into words is not known.
    case unsupportedPreTokenizer(String, supported: [String])

    /// The model has no chat template.
    case missingChatTemplate

    /// The chat template cannot be read, or fails on a conversation.
    case chatTemplate(JinjaError)
}

extension TokenizerError: CustomStringConvertible {
    /// One line for the operator.
    public var description: String {
        switch self {
        case .emptyVocabulary:
            "the tokenizer's vocabulary is empty"
        case .typeCountMismatch(let tokenCount, let typeCount):
            "the tokenizer has \(tokenCount) tokens but \(typeCount) token types"
        case .tokenOutOfRange(let name, let id, let vocabularySize):
            "the tokenizer's \(name) token is \(id), outside 0..<\(vocabularySize)"
        case .malformedMerge(let index, let merge):
            "merge \(index) of the tokenizer is not two tokens: \(merge.debugDescription)"
        case .mergeOfUnknownToken(let index, let merge, let token):
            "merge \(index) of the tokenizer, \(merge.debugDescription), needs the unknown token "
                + token.debugDescription
        case .unsupportedModel(let model, let supported):
            "tokenizer model \(model.debugDescription) is not supported; supported: "
                + supported.joined(separator: ", ")
        case .unsupportedPreTokenizer(let name, let supported):
            "pre-tokenizer \(name.debugDescription) is not supported; supported: "
                + supported.joined(separator: ", ")
        case .missingChatTemplate:
            "the model has no chat template"
        case .chatTemplate(let error):
            "the chat template: \(error)"
        }
    }
}
