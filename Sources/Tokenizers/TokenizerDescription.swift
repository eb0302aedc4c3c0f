import JSONText

/// What kind of tokenizer a model has, in its file's own words.
public struct TokenizerDescription: Sendable, Equatable {
    /// The model, such as `byte-level BPE` or `SentencePiece`.
    public var kind: String
    /// What cuts text into words.
    public var preTokenizer: String

    /// The tokenizer of a GGUF file.
    ///
    /// - Parameters:
    ///   - model: `tokenizer.ggml.model`; nil: none.
    ///   - preTokenizer: `tokenizer.ggml.pre`; nil: none.
    public init(ggufModel model: String?, preTokenizer: String?) {
        kind =
            switch model {
            case "gpt2": "byte-level BPE"
            case "llama": "SentencePiece"
            case let model: model ?? "none"
            }
        self.preTokenizer = preTokenizer ?? (model == "llama" ? "none" : "default")
    }

    /// The tokenizer of a folder.
    ///
    /// - Parameter tokenizerJSON: The bytes of `tokenizer.json`.
    /// - Throws: `TokenizerError` when they are not JSON.
    public init(tokenizerJSON: [UInt8]) throws(TokenizerError) {
        let root = try JSONNode(text: tokenizerJSON)
        let model = root["model"]
        let fallsBack = model["byte_fallback"].value == .bool(true)
        let type = model["type"].string ?? "BPE"
        kind =
            type != "BPE"
            ? type : fallsBack ? "SentencePiece (BPE, byte fallback)" : "byte-level BPE"
        let node = root["pre_tokenizer"]
        let steps = node["pretokenizers"].value?.array ?? [node.value].compactMap(\.self)
        let names = steps.compactMap { $0["type"]?.string }
        preTokenizer = names.isEmpty ? "none" : names.joined(separator: " + ")
    }
}
