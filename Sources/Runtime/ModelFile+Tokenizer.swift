import ModelFiles
import Tokenizers

extension ModelFile {
    /// A tokenizer's files are text; a larger one is not what its name says.
    private static let textLimit = 1 << 27

    /// Reads the tokenizer and the chat template's text.
    ///
    /// - Returns: Nil for the template when there is none.
    /// - Throws: `RuntimeError` when the tokenizer is missing, damaged or not supported.
    func readTokenizer() throws(RuntimeError) -> (Tokenizer, chatTemplate: String?) {
        guard let gguf else { return try readFolder() }
        let (vocabulary, template): (TokenizerVocabulary, String?)
        do {
            vocabulary = try TokenizerVocabulary(gguf)
            template = try gguf.valueIfPresent("tokenizer.chat_template", as: .string)
        } catch {
            throw .model(error)
        }
        do { return (try Tokenizer(vocabulary: vocabulary), template) } catch {
            throw .tokenizer(error)
        }
    }

    private func readFolder() throws(RuntimeError) -> (Tokenizer, chatTemplate: String?) {
        let json = try contents("tokenizer.json")
        let settings = try contentsIfPresent("tokenizer_config.json")
        let separate = try contentsIfPresent("chat_template.jinja")
        do {
            let config = try settings.map { bytes throws(TokenizerError) in
                try TokenizerConfig(json: bytes)
            }
            let tokenizer = try Tokenizer(
                tokenizerJSON: json,
                config: config ?? TokenizerConfig()
            )
            // Newer folders keep the template in a file of its own, which then counts.
            let template = separate.map { String(decoding: $0, as: UTF8.self) }
            return (tokenizer, template ?? config?.chatTemplate)
        } catch {
            throw .tokenizer(error)
        }
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
