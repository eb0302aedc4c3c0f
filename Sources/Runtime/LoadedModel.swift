import Foundation
public import Kernels
public import ModelFiles
import ProbeScheduler
public import Tokenizers

/// A model file, loaded: its network, its tokenizer and its chat template.
public struct LoadedModel: Sendable {
    /// Path of the file.
    public let path: String
    /// Sizes and constants.
    public let config: ModelConfig
    /// The tokenizer in the file's metadata.
    public let tokenizer: Tokenizer
    /// The chat template's text; nil when the file has none.
    public let chatTemplateSource: String?
    /// The network.
    public let network: CausalLM
    /// How the linear weights are stored in memory.
    public let weights: WeightFormat
    /// SHA-256 of the file, in hexadecimal.
    public let sha256: String

    /// Loads a GGUF file.
    ///
    /// - Parameters:
    ///   - path: The file.
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
        let vocabulary: TokenizerVocabulary
        do {
            let file = try GGUF(path: path)
            let config = try ModelConfig(file)
            let format = weights ?? .nearest(to: file)
            let loader = ModelLoader(file: file, config: config, format: format, compute: compute)
            network = try loader.load {
                // What has been stored need not stay mapped: the peak is the weights, not twice them.
                file.file.release()
                progress($0, config.layerCount)
            }
            vocabulary = try TokenizerVocabulary(file)
            chatTemplateSource = try file.valueIfPresent("tokenizer.chat_template", as: .string)
            sha256 = try modelSHA256(path)
            self.path = path
            self.config = config
            self.weights = format
            file.file.release()
        } catch {
            throw .model(error)
        }
        do { tokenizer = try Tokenizer(vocabulary: vocabulary) } catch { throw .tokenizer(error) }
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
    static func nearest(to file: GGUF) -> WeightFormat {
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
