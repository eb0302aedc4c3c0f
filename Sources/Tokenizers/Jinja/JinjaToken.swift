/// A token of a template.
struct JinjaToken: Equatable {
    enum Kind: Equatable {
        /// Text between tags.
        case text(String)
        /// `{{`, `{%`, `}}` or `%}`.
        case tag(String)
        case name(String)
        case string(String)
        case integer(Int)
        case float(Double)
        case symbol(String)
        case end
    }

    var kind: Kind
    var line: Int

    var description: String {
        switch kind {
        case .text: "text"
        case .tag(let text), .symbol(let text): "'\(text)'"
        case .name(let name): "'\(name)'"
        case .string(let text): "the string \(text.debugDescription)"
        case .integer(let value): "\(value)"
        case .float(let value): "\(value)"
        case .end: "the end of the template"
        }
    }
}
