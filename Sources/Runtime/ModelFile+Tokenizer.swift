public import ModelFiles
public import Tokenizers

extension ModelFile {
    /// A tokenizer's files are text; a larger one is not what its name says.
    private static let textLimit = 1 << 27

    /// The source of the chat template; nil when the model has none.
    ///
    /// - Throws: `RuntimeError` when the file that would hold it is damaged.
    public func chatTemplateSource() throws(RuntimeError) -> String? {
        if let gguf {
            do { return try gguf.valueIfPresent("tokenizer.chat_template", as: .string) } catch {
                throw .model(error)
            }
        }
        // Newer folders keep the template in a file of its own, which then counts.
        if let separate = try contentsIfPresent("chat_template.jinja") {
            return String(decoding: separate, as: UTF8.self)
        }
        return try readConfig().chatTemplate
    }

    /// The kind of tokenizer, without building it.
    ///
    /// - Throws: `RuntimeError` when the file that would say so is missing or damaged.
    public func tokenizerDescription() throws(RuntimeError) -> TokenizerDescription {
        guard let gguf else {
            let json = try contents("tokenizer.json")
            do { return try TokenizerDescription(tokenizerJSON: json) } catch {
                throw .tokenizer(error)
            }
        }
        do {
            return TokenizerDescription(
                ggufModel: try gguf.valueIfPresent("tokenizer.ggml.model", as: .string),
                preTokenizer: try gguf.valueIfPresent("tokenizer.ggml.pre", as: .string)
            )
        } catch {
            throw .model(error)
        }
    }

    /// Reads the tokenizer and the chat template's text.
    ///
    /// - Returns: Nil for the template when there is none.
    /// - Throws: `RuntimeError` when the tokenizer is missing, damaged or not supported.
    func readTokenizer() throws(RuntimeError) -> (Tokenizer, chatTemplate: String?) {
        let template = try chatTemplateSource()
        guard let gguf else {
            let (json, config) = (try contents("tokenizer.json"), try readConfig())
            do { return (try Tokenizer(tokenizerJSON: json, config: config), template) } catch {
                throw .tokenizer(error)
            }
        }
        let vocabulary: TokenizerVocabulary
        do { vocabulary = try TokenizerVocabulary(gguf) } catch { throw .model(error) }
        do { return (try Tokenizer(vocabulary: vocabulary), template) } catch {
            throw .tokenizer(error)
        }
    }

    /// What `tokenizer_config.json` says, if there is one.
    private func readConfig() throws(RuntimeError) -> TokenizerConfig {
        guard let json = try contentsIfPresent("tokenizer_config.json") else {
            return TokenizerConfig()
        }
        do { return try TokenizerConfig(json: json) } catch { throw .tokenizer(error) }
    }

    private func contentsIfPresent(_ name: String) throws(RuntimeError) -> [UInt8]? {
        do throws(RuntimeError) { return try contents(name) } catch {
            if case .model(.system(_, _, let code)) = error, code == Self.noSuchFile { return nil }
            throw error
        }
    }

    private static let noSuchFile: Int32 = 2

    private func contents(_ name: String) throws(RuntimeError) -> [UInt8] {
        do throws(ModelFileError) {
            let file = try MappedFile(path: path + "/" + name)
            guard file.count <= Self.textLimit else {
                throw .wrongSize(
                    path: file.path,
                    expected: Self.textLimit,
                    found: file.count
                )
            }
            return file.bytes(in: 0..<file.count)
        } catch {
            throw .model(error)
        }
    }
}
