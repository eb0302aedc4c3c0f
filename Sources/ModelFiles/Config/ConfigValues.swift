/// The declarations of a model, in whatever form its file has them.
protocol ConfigValues {
    /// Where they lie; appears in errors.
    var path: String { get }

    /// The whole name of a value.
    func key(_ name: String) -> String

    /// An integer, or nil when there is none.
    ///
    /// - Throws: `ModelFileError` when the value is something else, as the others do.
    func integer(_ name: String) throws(ModelFileError) -> Int?

    /// A number, or nil when there is none.
    func number(_ name: String) throws(ModelFileError) -> Double?

    /// Text, or nil when there is none.
    func string(_ name: String) throws(ModelFileError) -> String?

    /// True or false, or nil when there is neither.
    func bool(_ name: String) throws(ModelFileError) -> Bool?
}

extension ConfigValues {
    /// The error that a value is not what it should be.
    func bad(_ name: String, expected: String, found: String) -> ModelFileError {
        .badMetadata(path: path, key: key(name), expected: expected, found: found)
    }

    /// An integer in `1...limit`.
    func size(
        _ name: String,
        upTo limit: Int,
        default standard: Int? = nil
    ) throws(ModelFileError) -> Int {
        let found = try integer(name) ?? standard
        guard let found else {
            throw .missingMetadata(path: path, key: key(name), expected: "integer")
        }
        guard found >= 1, found <= limit else {
            throw bad(name, expected: "1 to \(limit)", found: "\(found)")
        }
        return found
    }

    /// A floating-point number above zero.
    func positive(_ name: String, default standard: Double? = nil) throws(ModelFileError) -> Float {
        let found = try number(name) ?? standard
        guard let found else {
            throw .missingMetadata(path: path, key: key(name), expected: "float")
        }
        guard Float(found) > 0, Float(found).isFinite else {
            throw bad(name, expected: "a finite number above 0", found: "\(found)")
        }
        return Float(found)
    }

    /// Refuses a switch that changes the arithmetic.
    func require(_ name: String, _ expected: Bool) throws(ModelFileError) {
        guard let found = try bool(name), found != expected else { return }
        throw bad(name, expected: "\(expected)", found: "\(found)")
    }

    /// Refuses everything but one of the texts; what is absent passes.
    func require(_ name: String, oneOf expected: [String]) throws(ModelFileError) {
        guard let found = try string(name), !expected.contains(found) else { return }
        throw bad(name, expected: expected.joined(separator: " or "), found: found)
    }

    /// A head's width when the file does not write it.
    func quotient(
        _ name: String,
        hiddenSize: Int,
        headCount: Int
    ) throws(ModelFileError) -> Int {
        guard hiddenSize % headCount == 0 else {
            throw bad(
                name,
                expected: "a divisor of the embedding length \(hiddenSize)",
                found: "\(headCount)"
            )
        }
        return hiddenSize / headCount
    }

    /// Key-value heads, which divide the query heads; as many as those unless written.
    func kvHeadCount(_ name: String, headCount: Int) throws(ModelFileError) -> Int {
        let count = try size(name, upTo: headCount, default: headCount)
        guard headCount % count == 0 else {
            throw bad(
                name,
                expected: "a divisor of the head count \(headCount)",
                found: "\(count)"
            )
        }
        return count
    }

    /// A token's number, which must lie in the vocabulary.
    func checked(_ token: Int, _ name: String, vocabularySize: Int) throws(ModelFileError) -> Int {
        guard token >= 0, token < vocabularySize else {
            throw bad(name, expected: "0 to \(vocabularySize - 1)", found: "\(token)")
        }
        return token
    }
}
