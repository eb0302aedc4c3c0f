/// The values that a function, a filter or a test is given.
struct JinjaCall {
    var positional: [JinjaValue] = []
    var named: [(String, JinjaValue)] = []

    /// The values of named parameters, in their order; `nil` where none is given.
    ///
    /// - Throws: A message when there are too many values, or one of an unknown name.
    func bound(_ parameters: String..., line: Int) throws(JinjaError) -> [JinjaValue?] {
        try bound(parameters, line: line)
    }

    func bound(_ parameters: [String], line: Int) throws(JinjaError) -> [JinjaValue?] {
        guard positional.count <= parameters.count else {
            throw .evaluation(
                line: line,
                message: "expected at most \(parameters.count) arguments, found \(positional.count)"
            )
        }
        var values: [JinjaValue?] = positional
        values += [JinjaValue?](repeating: nil, count: parameters.count - positional.count)
        for (name, value) in named {
            guard let index = parameters.firstIndex(of: name), values[index] == nil else {
                throw .evaluation(line: line, message: "unexpected argument '\(name)'")
            }
            values[index] = .some(value)
        }
        return values
    }
}
