/// Cuts a template into tokens, with white space as Hugging Face sets Jinja up.
///
/// A newline after a statement or a comment goes (`trim_blocks`), and so does the indentation before
/// one (`lstrip_blocks`); `-` strips all white space on its side, and `+` keeps it.
struct JinjaLexer {
    private let source: [Unicode.Scalar]
    private var index = 0
    private var line = 1
    private var tokens: [JinjaToken] = []
    /// Whether the text that follows begins a line.
    private var startsLine = true

    /// The tokens of a template; the last is `end`.
    static func tokens(of source: String) throws(JinjaError) -> [JinjaToken] {
        var lexer = JinjaLexer(source)
        while try lexer.segment() {}
        lexer.tokens.append(JinjaToken(kind: .end, line: lexer.line))
        return lexer.tokens
    }

    private init(_ text: String) {
        var scalars: [Unicode.Scalar] = []
        var previous: Unicode.Scalar?
        for scalar in text.unicodeScalars {
            if scalar == "\r" {
                scalars.append("\n")
            } else if !(scalar == "\n" && previous == "\r") {
                scalars.append(scalar)
            }
            previous = scalar
        }
        if scalars.last == "\n" { scalars.removeLast() }
        source = scalars
    }

    // MARK: - Text and tags

    /// Reads text and the tag after it; `false` at the end.
    private mutating func segment() throws(JinjaError) -> Bool {
        let start = index
        while index < source.count, !(at("{{") || at("{%") || at("{#")) { index += 1 }
        var text = source[start..<index]
        guard index < source.count else {
            add(text: text)
            return false
        }
        let kind = source[index + 1]
        let sign = index + 2 < source.count ? source[index + 2] : " "
        if sign == "-" {
            while let last = text.last, JinjaText.isSpace(last) { text.removeLast() }
        } else if kind != "{", sign != "+" {
            text = indentationStripped(text)
        }
        let skipped = source[start..<index].filter { $0 == "\n" }.count
        add(text: text)
        line += skipped - text.filter { $0 == "\n" }.count
        index += sign == "-" || sign == "+" ? 3 : 2
        switch kind {
        case "#": try comment()
        case "{": try code(opening: "{{", closing: "}}")
        default:
            guard try !raw() else { return true }
            try code(opening: "{%", closing: "%}")
        }
        return true
    }

    private mutating func add(text: ArraySlice<Unicode.Scalar>) {
        guard !text.isEmpty else { return }
        var view = String.UnicodeScalarView()
        view.append(contentsOf: text)
        tokens.append(JinjaToken(kind: .text(String(view)), line: line))
        line += text.filter { $0 == "\n" }.count
    }

    /// The text without white space between the last newline and the tag after it.
    private func indentationStripped(
        _ text: ArraySlice<Unicode.Scalar>
    ) -> ArraySlice<Unicode.Scalar> {
        let lineStart = text.lastIndex(of: "\n").map { $0 + 1 } ?? text.startIndex
        guard lineStart > text.startIndex || startsLine else { return text }
        return text[lineStart...].allSatisfy(JinjaText.isSpace) ? text[..<lineStart] : text
    }

    private func at(_ text: StaticString, offset: Int = 0) -> Bool {
        let scalars = text.description.unicodeScalars
        let start = index + offset
        return start + scalars.count <= source.count
            && zip(source[start...], scalars).allSatisfy { $0 == $1 }
    }

    /// Moves past the end of a tag, if it stands here, and past what it trims.
    private mutating func skipEnd(_ closing: StaticString) -> Bool {
        let sign: Unicode.Scalar? =
            index < source.count && (source[index] == "-" || source[index] == "+")
            ? source[index] : nil
        guard at(closing, offset: sign == nil ? 0 : 1) else { return false }
        let isOutput = closing.description == "}}"
        if sign == "+", isOutput { return false }
        index += (sign == nil ? 0 : 1) + 2
        let start = index
        if sign == "-" {
            while index < source.count, JinjaText.isSpace(source[index]) { index += 1 }
        } else if sign == nil, !isOutput, index < source.count, source[index] == "\n" {
            index += 1
        }
        startsLine = index > start && source[index - 1] == "\n"
        line += source[start..<index].filter { $0 == "\n" }.count
        return true
    }

    private mutating func comment() throws(JinjaError) {
        let start = line
        while index < source.count {
            if skipEnd("#}") { return }
            if source[index] == "\n" { line += 1 }
            index += 1
        }
        throw .syntax(line: start, message: "the comment does not end")
    }

    /// Reads `raw %}…{% endraw %}`, if it stands here.
    private mutating func raw() throws(JinjaError) -> Bool {
        let saved = self
        skipSpace()
        guard at("raw") else {
            self = saved
            return false
        }
        index += 3
        skipSpace()
        // As in Jinja, the newline after `raw` stays, and it has no `+`.
        if at("-%}") {
            guard skipEnd("%}") else { return false }
        } else if at("%}") {
            index += 2
            startsLine = false
        } else {
            self = saved
            return false
        }
        let (start, startLine) = (index, line)
        while index < source.count {
            if at("{%") {
                let textEnd = index
                let before = self
                index += 2
                let sign = index < source.count ? source[index] : " "
                if sign == "-" || sign == "+" { index += 1 }
                skipSpace()
                if at("endraw") {
                    index += 6
                    skipSpace()
                    if skipEnd("%}") {
                        let after = self
                        self = before
                        var text = source[start..<textEnd]
                        if sign == "-" {
                            while let last = text.last, JinjaText.isSpace(last) {
                                text.removeLast()
                            }
                        } else if sign != "+" {
                            text = indentationStripped(text)
                        }
                        add(text: text)
                        (index, startsLine) = (after.index, after.startsLine)
                        line = startLine + source[start..<index].filter { $0 == "\n" }.count
                        return true
                    }
                }
                self = before
            }
            index += 1
        }
        throw .syntax(line: startLine, message: "{% raw %} has no {% endraw %}")
    }

    private mutating func skipSpace() {
        while index < source.count, JinjaText.isSpace(source[index]) {
            if source[index] == "\n" { line += 1 }
            index += 1
        }
    }

    // MARK: - Code

    private mutating func code(opening: String, closing: StaticString) throws(JinjaError) {
        let start = line
        tokens.append(JinjaToken(kind: .tag(opening), line: line))
        var brackets: [Unicode.Scalar] = []
        while true {
            skipSpace()
            guard index < source.count else {
                throw .syntax(line: start, message: "'\(opening)' has no '\(closing)'")
            }
            let tagLine = line
            if brackets.isEmpty, skipEnd(closing) {
                tokens.append(JinjaToken(kind: .tag(closing.description), line: tagLine))
                return
            }
            try token(&brackets)
        }
    }

    private mutating func token(_ brackets: inout [Unicode.Scalar]) throws(JinjaError) {
        let scalar = source[index]
        if scalar == "'" || scalar == "\"" { return try string(quote: scalar) }
        if ("0"..."9").contains(scalar) { return try number() }
        if scalar == "_" || scalar.properties.isXIDStart {
            let start = index
            while index < source.count, source[index].properties.isXIDContinue { index += 1 }
            return add(.name(spelled(start..<index)))
        }
        let pairs = ["==", "!=", ">=", "<=", "//", "**"]
        if index + 1 < source.count {
            let pair = spelled(index..<index + 2)
            if pairs.contains(pair) {
                add(.symbol(pair))
                index += 2
                return
            }
        }
        guard "+-/*%~[](){}><=.:|,;".unicodeScalars.contains(scalar) else {
            throw .syntax(
                line: line,
                message: "unexpected character \(String(scalar).debugDescription)"
            )
        }
        switch scalar {
        case "(": brackets.append(")")
        case "[": brackets.append("]")
        case "{": brackets.append("}")
        case ")", "]", "}":
            guard brackets.popLast() == scalar else {
                throw .syntax(line: line, message: "unexpected '\(scalar)'")
            }
        default: break
        }
        add(.symbol(String(scalar)))
        index += 1
    }

    private mutating func add(_ kind: JinjaToken.Kind) {
        tokens.append(JinjaToken(kind: kind, line: line))
    }

    private func spelled(_ range: Range<Int>) -> String {
        var view = String.UnicodeScalarView()
        view.append(contentsOf: source[range])
        return String(view)
    }

    private mutating func digits(_ isDigit: (Unicode.Scalar) -> Bool) -> String {
        let start = index
        while index < source.count, isDigit(source[index]) || source[index] == "_" { index += 1 }
        return spelled(start..<index).filter { $0 != "_" }
    }

    private mutating func number() throws(JinjaError) {
        for (prefix, radix) in [("x", 16), ("o", 8), ("b", 2)]
        where source[index] == "0" && index + 2 < source.count
            && String(source[index + 1]).lowercased() == prefix
        {
            index += 2
            let text = digits { $0.properties.isASCIIHexDigit }
            guard let value = Int(text, radix: radix) else {
                throw .syntax(line: line, message: "0\(prefix)\(text) is not a 64-bit number")
            }
            return add(.integer(value))
        }
        let isDigit = { (scalar: Unicode.Scalar) in ("0"..."9").contains(scalar) }
        let follows = tokens.last?.kind == .symbol(".")
        var text = digits(isDigit)
        var isFloat = false
        if !follows, index + 1 < source.count, source[index] == ".", isDigit(source[index + 1]) {
            index += 1
            text += "." + digits(isDigit)
            isFloat = true
        }
        if !follows, index < source.count, source[index] == "e" || source[index] == "E" {
            var end = index + 1
            if end < source.count, source[end] == "+" || source[end] == "-" { end += 1 }
            if end < source.count, isDigit(source[end]) {
                text += spelled(index..<end)
                index = end
                text += digits(isDigit)
                isFloat = true
            }
        }
        if isFloat {
            guard let value = Double(text) else {
                throw .syntax(line: line, message: "\(text) is not a number")
            }
            return add(.float(value))
        }
        guard let value = Int(text) else {
            throw .syntax(line: line, message: "\(text) is not a 64-bit number")
        }
        add(.integer(value))
    }

    private mutating func string(quote: Unicode.Scalar) throws(JinjaError) {
        let start = line
        index += 1
        var value = String.UnicodeScalarView()
        while index < source.count {
            let scalar = source[index]
            index += 1
            if scalar == quote {
                tokens.append(JinjaToken(kind: .string(String(value)), line: start))
                return
            }
            if scalar == "\n" { line += 1 }
            if scalar == "\\", index < source.count {
                try escape(into: &value)
            } else {
                value.append(scalar)
            }
        }
        throw .syntax(line: start, message: "the string does not end")
    }

    /// Python's escapes; one that Python does not know keeps its backslash.
    private mutating func escape(into value: inout String.UnicodeScalarView) throws(JinjaError) {
        let scalar = source[index]
        let simple: [Unicode.Scalar: Unicode.Scalar] = [
            "n": "\n", "t": "\t", "r": "\r", "\\": "\\", "'": "'", "\"": "\"",
            "a": "\u{7}", "b": "\u{8}", "f": "\u{C}", "v": "\u{B}",
        ]
        let widths: [Unicode.Scalar: Int] = ["x": 2, "u": 4, "U": 8]
        if let simple = simple[scalar] {
            index += 1
            value.append(simple)
        } else if scalar == "\n" {
            line += 1
            index += 1
        } else if let width = widths[scalar] {
            let end = min(index + 1 + width, source.count)
            let text = spelled(index + 1..<end)
            guard text.count == width, let code = UInt32(text, radix: 16),
                let scalar = Unicode.Scalar(code)
            else {
                throw .syntax(line: line, message: "\\\(scalar)\(text) is not a character")
            }
            index = end
            value.append(scalar)
        } else if ("0"..."7").contains(scalar) {
            var code: UInt32 = 0
            let end = min(index + 3, source.count)
            while index < end, ("0"..."7").contains(source[index]) {
                code = code * 8 + source[index].value - 48
                index += 1
            }
            if let scalar = Unicode.Scalar(code) { value.append(scalar) }
        } else {
            value.append("\\")
        }
    }
}
