/// A model in several GGUF files: `NAME-00001-of-00003.gguf` and its companions.
///
/// The first part holds the metadata of the whole; every part numbers itself in `split.no` (from
/// 0), and repeats `split.count` and `split.tensors.count`.
struct GGUFSplit {
    /// Parts of the model.
    let count: Int
    /// Tensors of all parts together, or nil when the file does not say.
    let tensorCount: Int?

    private static let countLimit = 99_999

    /// What a part says about the whole, or nil when it is the whole itself.
    init?(_ part: GGUFPart) throws(ModelFileError) {
        let count = try part.integer("split.count", in: 0...Self.countLimit)
        guard let count, count > 1 else { return nil }
        self.count = count
        tensorCount = try part.integer("split.tensors.count", in: 0...(1 << 31))
    }

    /// Opens all parts, given any one of them.
    ///
    /// - Throws: `ModelFileError` that names the part that is missing, or belongs elsewhere.
    func parts(of given: GGUFPart) throws(ModelFileError) -> [GGUFPart] {
        let path = given.file.path
        guard let name = Name(path), name.count == count else {
            throw .badMetadata(
                path: path,
                key: "split.count",
                expected: "a file name that ends in "
                    + "-NNNNN-of-\(Name.padded(count)).gguf, with its companions beside it",
                found: "\(count) parts"
            )
        }
        var parts: [GGUFPart] = []
        for index in 0..<count {
            let part = index == name.index ? given : try open(name.path(of: index), index)
            try check(part, index)
            parts.append(part)
        }
        try checkTensors(of: parts)
        return parts
    }

    private func open(_ path: String, _ index: Int) throws(ModelFileError) -> GGUFPart {
        let file: MappedFile
        do throws(ModelFileError) {
            file = try MappedFile(path: path)
        } catch {
            throw .missingPart(path: path, part: index + 1, count: count, reason: "\(error)")
        }
        return try GGUFPart(file)
    }

    private func check(_ part: GGUFPart, _ index: Int) throws(ModelFileError) {
        for (key, expected) in [("split.no", index), ("split.count", count)]
        where try part.integer(key, in: expected...expected) == nil {
            throw .missingMetadata(path: part.file.path, key: key, expected: "\(expected)")
        }
        if let tensorCount {
            _ = try part.integer("split.tensors.count", in: tensorCount...tensorCount)
        }
    }

    private func checkTensors(of parts: [GGUFPart]) throws(ModelFileError) {
        var names: Set<String> = []
        for part in parts {
            for tensor in part.tensors where !names.insert(tensor.name).inserted {
                throw .malformed(
                    path: part.file.path,
                    offset: 0,
                    field: "tensor \(tensor.name)",
                    expected: "a name that no other part has",
                    found: "the name again"
                )
            }
        }
        guard let tensorCount, let first = parts.first, names.count != tensorCount else { return }
        throw .badMetadata(
            path: first.file.path,
            key: "split.tensors.count",
            expected: "\(names.count), as the \(count) parts have",
            found: "\(tensorCount)"
        )
    }

    /// The name of a part's file.
    struct Name: Equatable {
        let prefix: String
        /// From 0.
        let index: Int
        let count: Int

        init?(_ path: String) {
            guard let match = path.wholeMatch(of: /(.*)-(\d{5})-of-(\d{5})\.gguf/),
                let number = Int(match.2), let count = Int(match.3), number >= 1, number <= count
            else { return nil }
            prefix = String(match.1)
            index = number - 1
            self.count = count
        }

        func path(of index: Int) -> String {
            "\(prefix)-\(Self.padded(index + 1))-of-\(Self.padded(count)).gguf"
        }

        static func padded(_ number: Int) -> String {
            let digits = String(number)
            return String(repeating: "0", count: max(0, 5 - digits.count)) + digits
        }
    }
}
