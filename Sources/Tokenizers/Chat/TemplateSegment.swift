/// A stretch of a Jinja template: text, `{% statement %}` or `{{ expression }}`.
enum TemplateSegment: Equatable {
    case text(String)
    case statement(String)
    case expression(String)

    /// Cuts a template, with white space around tags as Hugging Face sets Jinja up.
    ///
    /// `-` strips all of it; a newline after a statement goes (`trim_blocks`), and so does the
    /// indentation of a statement (`lstrip_blocks`). Comments and empty texts are left out.
    static func segments(of source: String) throws(TokenizerError) -> [TemplateSegment] {
        var segments: [TemplateSegment] = []
        var rest = source.unicodeScalars[...]
        var trimming = Trimming.nothing
        while let tag = try nextTag(in: rest) {
            let text = tag.leading(of: trimming.applied(to: rest[..<tag.start]))
            if !text.isEmpty { segments.append(.text(String(text))) }
            switch tag.kind {
            case "%": segments.append(.statement(tag.body))
            case "{": segments.append(.expression(tag.body))
            default: break
            }
            trimming = tag.trimming
            rest = rest[tag.end...]
        }
        let text = trimming.applied(to: rest)
        return text.isEmpty ? segments : segments + [.text(String(text))]
    }

    private static func nextTag(
        in rest: Substring.UnicodeScalarView
    ) throws(TokenizerError) -> Tag? {
        var index = rest.startIndex
        while index < rest.endIndex {
            let next = rest.index(after: index)
            if rest[index] == "{", next < rest.endIndex, "%{#".unicodeScalars.contains(rest[next]) {
                guard let tag = Tag(in: rest, at: index) else {
                    throw .unsupportedChatTemplate(found: String(rest[index...]))
                }
                return tag
            }
            index = next
        }
        return nil
    }
}

/// What goes from the beginning of the text after a tag.
private enum Trimming {
    case nothing, newline, whitespace

    func applied(to text: Substring.UnicodeScalarView) -> Substring.UnicodeScalarView {
        switch self {
        case .nothing: text
        case .newline: text.first == "\n" ? text.dropFirst() : text
        case .whitespace: text.drop(while: \.properties.isWhitespace)
        }
    }
}

/// `{% … %}`, `{{ … }}` or `{# … #}`.
private struct Tag {
    let kind: Unicode.Scalar
    let start: String.Index
    let end: String.Index
    /// What stands between the delimiters.
    let body: String
    let trimming: Trimming
    private let stripsBefore: Bool

    /// The tag that begins at `start`; `nil` when it does not end.
    init?(in text: Substring.UnicodeScalarView, at start: String.Index) {
        self.start = start
        kind = text[text.index(after: start)]
        let close: [Unicode.Scalar] = [kind == "{" ? "}" : kind, "}"]
        var index = text.index(start, offsetBy: 2)
        let bodyStart = index
        var quote: Unicode.Scalar?
        while !(quote == nil && text[index...].starts(with: close)) {
            guard index < text.endIndex else { return nil }
            if quote == text[index] {
                quote = nil
            } else if quote == nil, kind != "#", text[index] == "'" || text[index] == "\"" {
                quote = text[index]
            } else if quote != nil, text[index] == "\\" {
                text.formIndex(after: &index)
                guard index < text.endIndex else { return nil }
            }
            text.formIndex(after: &index)
        }
        end = text.index(index, offsetBy: 2)
        var body = text[bodyStart..<index]
        stripsBefore = body.first == "-"
        if stripsBefore { body.removeFirst() }
        if body.last == "-" {
            trimming = .whitespace
            body.removeLast()
        } else {
            trimming = kind == "{" ? .nothing : .newline
        }
        self.body = String(body)
    }

    /// What is left of the text before this tag.
    func leading(of text: Substring.UnicodeScalarView) -> Substring.UnicodeScalarView {
        var end = text.endIndex
        func strip(while isStripped: (Unicode.Scalar) -> Bool) {
            while end > text.startIndex, isStripped(text[text.index(before: end)]) {
                text.formIndex(before: &end)
            }
        }
        if stripsBefore {
            strip(while: \.properties.isWhitespace)
        } else if kind != "{" {
            strip { $0 == " " || $0 == "\t" }
            let startsLine = end == text.startIndex || text[text.index(before: end)] == "\n"
            if !startsLine { end = text.endIndex }
        }
        return text[..<end]
    }
}
