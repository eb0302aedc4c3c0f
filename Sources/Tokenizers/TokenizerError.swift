/// Why a tokenizer or a chat template could not be built from a model's metadata.
public enum TokenizerError: Error, Equatable {
    /// The vocabulary has no tokens.
    case emptyVocabulary

    /// There are types, but not one a token.
    case typeCountMismatch(tokenCount: Int, typeCount: Int)

    /// A SentencePiece vocabulary has not one score a token.
    case scoreCountMismatch(tokenCount: Int, scoreCount: Int)

    /// A token's score is not a number.
    case scoreNotANumber(token: Int)

    /// The id of a named token (bos, eos, …) is outside the vocabulary.
    case tokenOutOfRange(name: String, id: Int32, vocabularySize: Int)

    /// A merge is not two tokens separated by a space.
    case malformedMerge(index: Int, merge: String)

    /// A merge names a token, or makes one, that the vocabulary lacks.
    case mergeOfUnknownToken(index: Int, merge: String, token: String)

    /// The tokenizer is of a kind that is not known.
    case unsupportedModel(String, supported: [String])

    /// The pattern that cuts text into words is not known.
    case unsupportedPreTokenizer(String, supported: [String])

    /// Another part of `tokenizer.json` is of a kind that is not known; `part` is its path.
    case unsupportedPart(part: String, type: String, supported: [String])

    /// A value of `tokenizer.json` or `tokenizer_config.json` is missing or not what it must be.
    case invalidValue(path: String, expected: String)

    /// A file is not JSON; `offset` counts bytes.
    case malformedJSON(offset: Int, expected: String)

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
        case .scoreCountMismatch(let tokenCount, let scoreCount):
            "the tokenizer has \(tokenCount) tokens but \(scoreCount) scores"
        case .scoreNotANumber(let token):
            "the score of the tokenizer's token \(token) is not a number"
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
        case .unsupportedPart(let part, let type, let supported):
            "tokenizer \(part.singleLine): \(type.debugDescription) is not supported; supported: "
                + supported.joined(separator: ", ")
        case .invalidValue(let path, let expected):
            "tokenizer \(path.singleLine) is not \(expected)"
        case .malformedJSON(let offset, let expected):
            "the tokenizer's JSON is damaged at byte \(offset): expected \(expected)"
        case .missingChatTemplate:
            "the model has no chat template"
        case .chatTemplate(let error):
            "the chat template: \(error)"
        }
    }
}

extension String {
    /// The text on one line, as far as errors quote it.
    fileprivate var singleLine: String {
        String(map { $0.isNewline ? " " : $0 }.prefix(200))
    }
}
