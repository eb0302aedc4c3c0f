import Foundation
public import Kernels
public import ModelFiles
import ProbeScheduler
public import Tokenizers

/// A model file or folder, loaded: its network, its tokenizer and its chat template.
public struct LoadedModel: Sendable {
    /// Path of the file or folder.
    public let path: String
    /// Sizes and constants.
    public let config: ModelConfig
    /// The tokenizer in the file's metadata, or in the folder.
    public let tokenizer: Tokenizer
    /// Tokens that end an answer: those that the model names, and those of the tokenizer.
    public let endOfTextTokens: Set<Int32>
    /// The chat template's text; nil when the model has none.
    public let chatTemplateSource: String?
    /// The network.
    public let network: CausalLM
    /// How the linear weights are stored in memory.
    public let weights: WeightFormat
    /// SHA-256 of the model's files, in hexadecimal.
    public let sha256: String

    /// Loads a GGUF file, any part of a split one, or a folder from Hugging Face.
    ///
    /// - Parameters:
    ///   - path: The file or folder.
    ///   - weights: How to store the linear weights; nil: nearest to the file's own format.
    ///   - compute: Kernels and workers.
    ///   - progress: Called after each layer with the layers loaded and the layers in all.
    /// - Throws: `RuntimeError` when the file is damaged or not supported.
    public init(
        path: String,
        weights: WeightFormat? = nil,
        compute: Compute,
        progress: (Int, Int) -> Void = { _, _ in }
    ) throws(RuntimeError) {
        let file: ModelFile
        do { file = try ModelFile(path: path) } catch { throw .model(error) }
        (tokenizer, chatTemplateSource) = try file.readTokenizer()
        let config = file.config
        let format = weights ?? .nearest(to: file)
        let loader = ModelLoader(file: file, plan: WeightPlan(format), compute: compute)
        do {
            network = try loader.load {
                // What has been stored need not stay mapped: the peak is the weights, not twice them.
                file.release()
                progress($0, config.layerCount)
            }
        } catch {
            throw .model(error)
        }
        endOfTextTokens = tokenizer.endOfTextTokens.union(config.eosTokens.map { Int32($0) })
        sha256 = modelSHA256(file.files)
        self.path = path
        self.config = config
        self.weights = format
        file.release()
    }

    /// The model's chat template.
    ///
    /// - Throws: `RuntimeError` when the file has none, or one that is not supported.
    public func chatTemplate() throws(RuntimeError) -> ChatTemplate {
        func text(_ token: Int32?) -> String? {
            token.map { String(decoding: tokenizer.token($0), as: UTF8.self) }
        }
        do {
            return try ChatTemplate(
                source: chatTemplateSource,
                bosToken: text(tokenizer.bosToken),
                eosToken: text(tokenizer.eosToken)
            )
        } catch {
            throw .tokenizer(error)
        }
    }

    /// Tokens of a prompt: as it stands, or as a user's message in the model's chat template.
    ///
    /// - Parameters:
    ///   - prompt: The text.
    ///   - chat: The template to wrap it in; nil: none.
    ///   - system: The system message; nil: the template's own.
    /// - Returns: The tokens; those of a chat have BOS and EOS only where the template writes them.
    /// - Throws: `RuntimeError` when the template fails or refuses the messages.
    public func tokens(
        of prompt: String,
        chat: ChatTemplate?,
        system: String? = nil
    ) throws(RuntimeError) -> [Int32] {
        guard let chat else { return tokenizer.encode(prompt) }
        let messages =
            (system.map { [ChatMessage(role: "system", content: $0)] } ?? [])
            + [ChatMessage(role: "user", content: prompt)]
        return try tokens(of: messages, chat: chat)
    }

    /// Tokens of a conversation in the model's chat template, up to where the answer begins.
    ///
    /// - Parameters:
    ///   - messages: The turns so far.
    ///   - chat: The model's template.
    /// - Returns: The tokens, with BOS and EOS only where the template writes them.
    /// - Throws: `RuntimeError` when the template fails or refuses the messages.
    public func tokens(
        of messages: [ChatMessage],
        chat: ChatTemplate
    ) throws(RuntimeError) -> [Int32] {
        do {
            let pieces = try chat.pieces(
                messages: messages,
                addsGenerationPrompt: true,
                now: JinjaDate(seconds: Self.localSeconds)
            )
            return tokenizer.encode(pieces, addsBOS: false, addsEOS: false)
        } catch {
            throw .tokenizer(error)
        }
    }

    /// What the clock on the wall shows, in seconds since 1970.
    private static var localSeconds: Int {
        let now = Date()
        return Int(now.timeIntervalSince1970) + TimeZone.current.secondsFromGMT(for: now)
    }
}

extension WeightFormat {
    /// The format that loses least of what the file's largest tensors hold, without waste.
    public static func nearest(to file: some TensorSource) -> WeightFormat {
        var bytes: [WeightFormat: Int] = [:]
        for tensor in file.tensors where tensor.dimensions.count == 2 {
            let format: WeightFormat =
                switch tensor.type.description {
                case "F32": .f32
                case "F16", "BF16": .bf16
                case let name where name.hasPrefix("Q4"): .int4
                default: .int8
                }
            bytes[format, default: 0] += tensor.byteCount
        }
        return bytes.max { ($0.value, $0.key.rawValue) < ($1.value, $1.key.rawValue) }?.key ?? .f32
    }
}
