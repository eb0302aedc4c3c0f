/// A way to cut words into the tokens of a vocabulary.
protocol TokenModel: Sendable {
    /// Appends the tokens of `text`, which holds no added tokens.
    func append(_ text: PreTokenizedText, to output: inout [Int32])
}
