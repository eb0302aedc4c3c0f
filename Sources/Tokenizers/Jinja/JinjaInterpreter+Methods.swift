/// Python's methods of strings and mappings; none of them changes a value.
extension JinjaInterpreter {
    private static let textMethods: Set<String> = [
        "capitalize", "casefold", "center", "count", "endswith", "find", "format", "index",
        "isalnum", "isalpha", "isdecimal", "isdigit", "islower", "isnumeric", "isspace", "isupper",
        "join", "ljust", "lower", "lstrip", "partition", "removeprefix", "removesuffix", "replace",
        "rfind", "rindex", "rjust", "rpartition", "rsplit", "rstrip", "split", "splitlines",
        "startswith", "strip", "swapcase", "title", "upper", "zfill",
    ]
    private static let mappingMethods: Set<String> = ["copy", "get", "items", "keys", "values"]
    private static let listMethods: Set<String> = ["copy", "count", "index"]
    private static let tupleMethods: Set<String> = ["count", "index"]

    static func methodNames(of value: JinjaValue) -> Set<String> {
        switch value {
        case .string: textMethods
        case .dictionary: mappingMethods
        case .list: listMethods
        case .tuple: tupleMethods
        default: []
        }
    }

    mutating func call(
        method: String,
        of value: JinjaValue,
        _ call: JinjaCall
    ) throws(JinjaError) -> JinjaValue {
        switch value {
        case .string(let receiver):
            let result = try self.call(method: method, of: receiver.text, call)
            guard receiver.isSafe, case .string(let text) = result else { return result }
            return .text(text.text, isSafe: true)
        case .dictionary(let receiver):
            return try self.call(method: method, of: receiver, call)
        case .list(let items), .tuple(let items):
            return try self.call(method: method, of: items, in: value, call)
        default: throw failure("\(value.typeName) has no method '\(method)'")
        }
    }

    // MARK: - Mappings and lists

    private mutating func call(
        method: String,
        of dictionary: JinjaValue.Dictionary,
        _ call: JinjaCall
    ) throws(JinjaError) -> JinjaValue {
        if method == "get" {
            let arguments = try call.bound("key", "default", line: line)
            guard let key = arguments[0] else { throw failure("get: expected a key") }
            try weigh(key)
            return dictionary[key] ?? arguments[1] ?? .none
        }
        _ = try call.bound(line: line)
        try charge(dictionary.count)
        return switch method {
        case "items": .list(dictionary.entries.map { .tuple([$0.key, $0.value]) })
        case "keys": .list(dictionary.keys)
        case "values": .list(dictionary.values)
        default: .dictionary(dictionary)
        }
    }

    private mutating func call(
        method: String,
        of items: [JinjaValue],
        in list: JinjaValue,
        _ call: JinjaCall
    ) throws(JinjaError) -> JinjaValue {
        if method == "copy" {
            _ = try call.bound(line: line)
            return list
        }
        guard let value = try call.bound("value", line: line)[0] else {
            throw failure("\(method): expected a value")
        }
        var count = 0
        for (index, item) in items.enumerated() where try areEqual(item, value) {
            if method == "index" { return .int(index) }
            count += 1
        }
        guard method == "count" else { throw failure("index: the value is not in the list") }
        return .int(count)
    }

    // MARK: - Strings

    private mutating func call(
        method: String,
        of text: JinjaText,
        _ call: JinjaCall
    ) throws(JinjaError) -> JinjaValue {
        try charge(text.count / 4 + 1)
        switch method {
        case "strip", "lstrip", "rstrip":
            let set = try optionalText(try call.bound("chars", line: line)[0], of: method)
            return .text(
                text.stripped(set, start: method != "rstrip", end: method != "lstrip")
            )
        case "split", "rsplit": return try split(text, method, call)
        case "splitlines":
            let keepsEnds = try call.bound("keepends", line: line)[0]?.isTrue ?? false
            return try list(text.lines(keepsEnds: keepsEnds))
        case "startswith", "endswith":
            return try hasEnd(text, method, try call.bound("prefix", line: line)[0])
        case "removeprefix", "removesuffix":
            let end = try self.text(try call.bound("prefix", line: line)[0], of: method)
            if method == "removeprefix" {
                return .text(text.hasPrefix(end) ? text[end.count..<text.count] : text)
            }
            return .text(text.hasSuffix(end) ? text[0..<text.count - end.count] : text)
        case "replace":
            let arguments = try call.bound("old", "new", "count", line: line)
            return try replaced(
                text,
                try self.text(arguments[0], of: method),
                with: try self.text(arguments[1], of: method),
                limit: arguments[2]
            )
        case "join":
            var parts: [JinjaText] = []
            for item in try items(of: try call.bound("iterable", line: line)[0] ?? .none) {
                parts.append(try self.text(item, of: method))
            }
            return try joined(parts, by: text)
        case "find", "rfind", "index", "rindex", "count", "partition", "rpartition":
            return try search(text, method, try call.bound("sub", line: line)[0])
        case "center", "ljust", "rjust", "zfill":
            return try padded(text, method, try call.bound("width", "fillchar", line: line))
        case "format":
            throw .unsupported(line: line, construct: "str.format", supported: ["'%'", "~"])
        default:
            _ = try call.bound(line: line)
            return try changed(text, method)
        }
    }

    private mutating func changed(
        _ text: JinjaText,
        _ method: String
    ) throws(JinjaError) -> JinjaValue {
        try charge(text.count)
        return switch method {
        case "upper": .text(text.uppercased)
        case "lower", "casefold": .text(text.lowercased)
        case "capitalize": .text(text.capitalized)
        case "swapcase":
            .text(text.mapped { $0.isUppercase ? $0.lowercaseMapping : $0.uppercaseMapping })
        case "title":
            .text(text.titled { $0.map { !$0.properties.isCased } ?? true })
        default: .bool(text.satisfies(method))
        }
    }

    private mutating func split(
        _ text: JinjaText,
        _ method: String,
        _ call: JinjaCall
    ) throws(JinjaError) -> JinjaValue {
        let arguments = try call.bound("sep", "maxsplit", line: line)
        let separator = try optionalText(arguments[0], of: method)
        let limit = try count(arguments[1], of: method)
        if separator?.isEmpty == true { throw failure("\(method): the separator is empty") }
        guard method == "rsplit" else {
            let parts =
                separator.map { text.split($0, limit: limit) } ?? text.words(limit: limit)
            return try list(parts)
        }
        let parts =
            separator.map { text.reversed.split($0.reversed, limit: limit) }
            ?? text.reversed.words(limit: limit)
        return try list(parts.reversed().map(\.reversed))
    }

    private mutating func list(_ parts: [JinjaText]) throws(JinjaError) -> JinjaValue {
        try charge(parts.count)
        return .list(parts.map { .text($0) })
    }

    private mutating func hasEnd(
        _ text: JinjaText,
        _ method: String,
        _ value: JinjaValue?
    ) throws(JinjaError) -> JinjaValue {
        var ends = [value]
        if case .tuple(let items)? = value { ends = items }
        try charge(ends.count)
        for end in ends {
            let end = try self.text(end, of: method)
            try charge(end.count / 16)
            if method == "startswith" ? text.hasPrefix(end) : text.hasSuffix(end) {
                return .bool(true)
            }
        }
        return .bool(false)
    }

    private mutating func search(
        _ text: JinjaText,
        _ method: String,
        _ value: JinjaValue?
    ) throws(JinjaError) -> JinjaValue {
        let needle = try self.text(value, of: method)
        try charge((text.count + needle.count) / 4)
        if method == "count" { return .int(text.indices(of: needle).count) }
        let isLast = method.hasPrefix("r")
        let found: Int? =
            isLast
            ? text.reversed.firstIndex(of: needle.reversed).map { text.count - $0 - needle.count }
            : text.firstIndex(of: needle)
        switch method {
        case "find", "rfind": return .int(found ?? -1)
        case "index", "rindex":
            guard let found else { throw failure("\(method): the text is not there") }
            return .int(found)
        default:
            guard !needle.isEmpty else { throw failure("\(method): the separator is empty") }
            guard let found else {
                let empty = JinjaText()
                let parts = isLast ? [empty, empty, text] : [text, empty, empty]
                return .tuple(parts.map { .text($0) })
            }
            let end = found + needle.count
            return .tuple(
                [text[0..<found], text[found..<end], text[end..<text.count]]
                    .map { .text($0) }
            )
        }
    }

    private mutating func padded(
        _ text: JinjaText,
        _ method: String,
        _ arguments: [JinjaValue?]
    ) throws(JinjaError) -> JinjaValue {
        guard let width = arguments[0].flatMap(integer) else {
            throw failure("\(method): expected a width")
        }
        var fill = JinjaText(method == "zfill" ? "0" : " ")
        if let character = arguments[1], method != "zfill" {
            fill = try self.text(character, of: method)
        }
        guard fill.count == 1 else { throw failure("\(method): expected one character") }
        guard width > text.count else { return .text(text) }
        try charge(width)
        let missing = width - text.count
        func filling(_ count: Int) -> JinjaText {
            JinjaText(units: repeatElement(fill.units[0], count: count))
        }
        switch method {
        case "ljust": return .text(text + filling(missing))
        case "rjust": return .text(filling(missing) + text)
        case "center":
            let left = missing / 2 + (missing & width & 1)
            return .text(filling(left) + text + filling(missing - left))
        default:
            let sign = text.hasPrefix(JinjaText("-")) || text.hasPrefix(JinjaText("+")) ? 1 : 0
            return .text(text[0..<sign] + filling(missing) + text[sign..<text.count])
        }
    }

    // MARK: - Arguments

    /// An argument that must be a text.
    func text(_ value: JinjaValue?, of operation: String) throws(JinjaError) -> JinjaText {
        guard case .string(let value)? = value else {
            throw failure(
                "\(operation): expected a string, found \(value?.typeName ?? "nothing")"
            )
        }
        return value.text
    }

    private func optionalText(
        _ value: JinjaValue?,
        of operation: String
    ) throws(JinjaError) -> JinjaText? {
        guard let value else { return nil }
        if case .none = value { return nil }
        return try text(value, of: operation)
    }

    /// How often at most; negative, or not given, is without limit.
    func count(_ value: JinjaValue?, of operation: String) throws(JinjaError) -> Int {
        guard let value else { return .max }
        guard let count = integer(value) else {
            throw failure("\(operation): expected a count, found \(value.typeName)")
        }
        return count < 0 ? .max : count
    }

    mutating func replaced(
        _ text: JinjaText,
        _ old: JinjaText,
        with new: JinjaText,
        limit: JinjaValue?
    ) throws(JinjaError) -> JinjaValue {
        try charge((text.count + old.count) / 4 + 1)
        let limit = try count(limit, of: "replace")
        let (size, overflow) = text.indices(of: old, limit: limit).count
            .multipliedReportingOverflow(by: new.count)
        try charge(overflow ? .max : size / 4)
        return .text(text.replacing(old, with: new, limit: limit))
    }

    mutating func joined(
        _ parts: [JinjaText],
        by separator: JinjaText
    ) throws(JinjaError) -> JinjaValue {
        let (size, overflow) = parts.count.multipliedReportingOverflow(by: separator.count)
        try charge(overflow ? .max : size / 4)
        try charge(parts.reduce(0) { $0 + $1.count } / 4)
        return .text(separator.joining(parts))
    }
}
