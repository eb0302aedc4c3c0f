import JSONText

extension JSONReader {
    /// Model files nest a few levels.
    private static let depthLimit = 32

    /// Reads one value, in which no two members of an object share a name.
    ///
    /// - Parameters:
    ///   - bytes: The text.
    ///   - path: Stands for the file in errors.
    ///   - start: Where the text starts in its file; errors count from there.
    /// - Returns: The value.
    /// - Throws: `ModelFileError.malformed`.
    static func read(
        _ bytes: [UInt8],
        path: String,
        start: Int = 0
    ) throws(ModelFileError) -> JSONValue {
        do {
            return try value(of: bytes, depthLimit: depthLimit, allowsRepeatedNames: false)
        } catch {
            throw .malformed(
                path: path,
                offset: start + error.offset,
                field: "JSON",
                expected: error.expected,
                found: error.found
            )
        }
    }
}
