/// Where a trace's columns are.
struct ArrivalTraceColumns {
    /// Index of the time of arrival.
    let timestamp: Int
    /// Index of the prompt's length.
    let prompt: Int
    /// Index of the answer's length.
    let output: Int

    /// - Parameters:
    ///   - header: Names of the columns.
    ///   - path: Stands in errors.
    ///   - line: Where the header is.
    /// - Throws: `LoadError.malformedTrace` when one is missing.
    init(header: [String], path: String, line: Int) throws(LoadError) {
        func index(_ name: String) throws(LoadError) -> Int {
            guard let index = header.firstIndex(where: { $0.lowercased() == name.lowercased() })
            else {
                throw .malformedTrace(
                    path: path,
                    line: line,
                    expected: "a header with \(name)",
                    found: "'\(header.joined(separator: ",").prefix(80))'"
                )
            }
            return index
        }
        timestamp = try index("TIMESTAMP")
        prompt = try index("ContextTokens")
        output = try index("GeneratedTokens")
    }
}
