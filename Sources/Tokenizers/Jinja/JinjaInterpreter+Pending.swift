/// Operations that are not written yet; each says so when a template asks for it.
extension JinjaInterpreter {
    static let filterNames: Set<String> = ["trim"]
    static let testNames: Set<String> = ["defined", "undefined"]
    static let functionNames: Set<String> = []

    static func methodNames(of value: JinjaValue) -> Set<String> { [] }

    private func pending(_ construct: String, _ supported: [String]) -> JinjaError {
        .unsupported(line: line, construct: construct, supported: supported)
    }

    func string(of value: JinjaValue) throws(JinjaError) -> JinjaText {
        switch value {
        case .undefined: return JinjaText()
        case .none: return JinjaText("None")
        case .bool(let value): return JinjaText(value ? "True" : "False")
        case .int(let value): return JinjaText(String(value))
        case .float(let value): return JinjaText(JinjaNumber.description(of: value))
        case .string(let value): return value.text
        default: throw pending("printing \(value.typeName)", ["texts and numbers"])
        }
    }

    func call(_ function: JinjaValue, with call: JinjaCall) throws(JinjaError) -> JinjaValue {
        throw pending("a call", [])
    }

    func apply(
        filter: String,
        to value: JinjaValue,
        _ call: JinjaCall
    ) throws(JinjaError) -> JinjaValue {
        guard filter == "trim", case .string(let value) = value else {
            throw pending("the filter '\(filter)' of \(value.typeName)", ["trim of a text"])
        }
        return .text(value.text.stripped())
    }

    func apply(
        test: String,
        to value: JinjaValue,
        _ call: JinjaCall
    ) throws(JinjaError) -> Bool {
        value.isUndefined == (test == "undefined")
    }

    func formatted(_ format: JinjaText, with value: JinjaValue) throws(JinjaError) -> JinjaText {
        throw pending("'%' of a string", ["~"])
    }
}

/// The time that `strftime_now` writes.
struct JinjaDate: Sendable {
    /// Seconds since 1970, in UTC.
    var seconds: Int
}
