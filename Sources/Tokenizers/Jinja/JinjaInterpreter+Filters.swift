extension JinjaInterpreter {
    static let filterNames: Set<String> = textFilters.union(numberFilters).union(listFilters)

    private static let textFilters: Set<String> = [
        "capitalize", "e", "escape", "indent", "lower", "replace", "safe", "string", "title",
        "tojson", "trim", "upper",
    ]
    private static let numberFilters: Set<String> = ["abs", "float", "int", "round"]
    private static let listFilters: Set<String> = [
        "batch", "count", "d", "default", "dictsort", "first", "items", "join", "last", "length",
        "list", "map", "max", "min", "reject", "rejectattr", "reverse", "select", "selectattr",
        "sort", "sum", "unique",
    ]

    mutating func apply(
        filter: String,
        to value: JinjaValue,
        _ call: JinjaCall
    ) throws(JinjaError) -> JinjaValue {
        if Self.textFilters.contains(filter) { return try apply(text: filter, to: value, call) }
        if Self.numberFilters.contains(filter) {
            return try apply(number: filter, to: value, call)
        }
        switch filter {
        case "map", "select", "reject", "selectattr", "rejectattr":
            return try apply(each: filter, to: value, call)
        case "sort", "unique", "min", "max", "dictsort", "sum":
            return try apply(order: filter, to: value, call)
        case _ where Self.listFilters.contains(filter):
            return try apply(list: filter, to: value, call)
        default:
            throw .unsupported(
                line: line,
                construct: "the filter '\(filter)'",
                supported: Self.filterNames.sorted()
            )
        }
    }

    // MARK: - Text

    private mutating func apply(
        text filter: String,
        to value: JinjaValue,
        _ call: JinjaCall
    ) throws(JinjaError) -> JinjaValue {
        switch filter {
        case "tojson": return try json(of: value, call)
        case "indent": return try indented(value, call)
        case "replace":
            let arguments = try call.bound("old", "new", "count", line: line)
            guard let old = arguments[0], let new = arguments[1] else {
                throw failure("replace: expected an old and a new text")
            }
            let text = try string(of: value)
            let count = arguments[2].flatMap { $0 == JinjaValue.none ? nil : $0 }
            return try replaced(
                text,
                try string(of: old),
                with: try string(of: new),
                limit: count
            )
        case "trim":
            let text = try string(of: value)
            let arguments = try call.bound("chars", line: line)
            let isSafe = value.isSafeText
            guard let set = arguments[0], set != JinjaValue.none else {
                return .text(text.stripped(), isSafe: isSafe)
            }
            return .text(text.stripped(try self.text(set, of: filter)), isSafe: isSafe)
        default: break
        }
        _ = try call.bound(line: line)
        let isSafe = value.isSafeText
        let text = try string(of: value)
        try charge(text.count + 1)
        switch filter {
        case "upper": return .text(text.uppercased, isSafe: isSafe)
        case "lower": return .text(text.lowercased, isSafe: isSafe)
        case "capitalize": return .text(text.capitalized, isSafe: isSafe)
        case "title": return .text(text.wordsCapitalized)
        case "e", "escape": return .text(try escaped(value), isSafe: true)
        default: return .text(text, isSafe: isSafe || filter == "safe")
        }
    }

    private mutating func indented(
        _ value: JinjaValue,
        _ call: JinjaCall
    ) throws(JinjaError) -> JinjaValue {
        let arguments = try call.bound("width", "first", "blank", line: line)
        var indent = JinjaText("    ")
        if case .string(let width)? = arguments[0] {
            indent = width.text
        } else if let width = arguments[0] {
            guard let width = integer(width) else {
                throw failure("indent: expected a width, found \(width.typeName)")
            }
            indent = JinjaText(String(repeating: " ", count: try spaces(width)))
        }
        let text = try self.text(value, of: "indent")
        let lines = (text + JinjaText("\n")).lines(keepsEnds: false)
        let (size, overflow) = lines.count.multipliedReportingOverflow(by: indent.count)
        try charge(overflow ? .max : (size + text.count) / 4)
        var result = JinjaText()
        for (index, line) in lines.enumerated() {
            if index > 0 { result.append(JinjaText("\n")) }
            let isIndented =
                index == 0
                ? arguments[1]?.isTrue == true
                : !line.isEmpty || arguments[2]?.isTrue == true
            if isIndented { result.append(indent) }
            result.append(line)
        }
        return .text(result, isSafe: value.isSafeText)
    }

    // MARK: - Lists

    private mutating func apply(
        list filter: String,
        to value: JinjaValue,
        _ call: JinjaCall
    ) throws(JinjaError) -> JinjaValue {
        switch filter {
        case "d", "default":
            let arguments = try call.bound("default_value", "boolean", line: line)
            let isReplaced =
                value.isUndefined || (arguments[1]?.isTrue == true && !value.isTrue)
            return isReplaced ? arguments[0] ?? .trusted("") : value
        case "join":
            let arguments = try call.bound("d", "attribute", line: line)
            var parts: [JinjaText] = []
            for item in try items(of: value) {
                let item = try field(try attributePath(arguments[1]), of: item)
                parts.append(try string(of: item))
            }
            return try joined(parts, by: try string(of: arguments[0] ?? .trusted("")))
        case "batch": return try batches(of: value, call)
        default: break
        }
        _ = try call.bound(line: line)
        switch filter {
        case "count", "length": return .int(try length(of: value))
        case "items":
            if value.isUndefined { return .list([]) }
            guard case .dictionary(let dictionary) = value else {
                throw failure("items: expected a mapping, found \(value.typeName)")
            }
            try charge(dictionary.count)
            return .list(dictionary.entries.map { .tuple([$0.key, $0.value]) })
        case "reverse":
            if case .string(let value) = value { return try text(value.text.reversed) }
            return .list(try items(of: value).reversed())
        case "first":
            return try items(of: value).first ?? .undefined("the list has no first item")
        case "last":
            return try items(of: value).last ?? .undefined("the list has no last item")
        default: return .list(try items(of: value))
        }
    }

    private func length(of value: JinjaValue) throws(JinjaError) -> Int {
        switch value {
        case .undefined: return 0
        case .string(let value): return value.text.count
        case .list(let items), .tuple(let items): return items.count
        case .dictionary(let dictionary): return dictionary.count
        case .reference(let reference):
            if case .loop(let index) = reference.kind, loops.indices.contains(index) {
                return loops[index].items.count
            }
            throw failure("\(value.typeName) has no length")
        default: throw failure("\(value.typeName) has no length")
        }
    }

    private mutating func batches(
        of value: JinjaValue,
        _ call: JinjaCall
    ) throws(JinjaError) -> JinjaValue {
        let arguments = try call.bound("linecount", "fill_with", line: line)
        guard let size = arguments[0].flatMap(integer) else {
            throw failure("batch: expected a number of items")
        }
        var batches: [JinjaValue] = []
        var batch: [JinjaValue] = []
        for item in try items(of: value) {
            if batch.count == size {
                batches.append(.list(batch))
                batch = []
            }
            batch.append(item)
        }
        if let fill = arguments[1], fill != JinjaValue.none, batch.count < size, !batch.isEmpty {
            try charge(size)
            batch += repeatElement(fill, count: size - batch.count)
        }
        if !batch.isEmpty { batches.append(.list(batch)) }
        return .list(batches)
    }

    // MARK: - Each item

    /// `map`, `select` and the like.
    private mutating func apply(
        each filter: String,
        to value: JinjaValue,
        _ call: JinjaCall
    ) throws(JinjaError) -> JinjaValue {
        // As in Jinja, which lets nothing stand for no items here.
        guard value.isTrue else { return .list([]) }
        if filter == "map" { return try mapped(value, call) }
        var rest = call
        var path: [JinjaValue] = []
        if filter.hasSuffix("attr") {
            guard !rest.positional.isEmpty else { throw failure("\(filter): expected a name") }
            path = try attributePath(rest.positional.removeFirst())
        }
        var test: String?
        if !rest.positional.isEmpty {
            test = try text(rest.positional.removeFirst(), of: filter).string
        }
        let keeps = filter.hasPrefix("select")
        var kept: [JinjaValue] = []
        for item in try items(of: value) {
            let value = try field(path, of: item)
            var holds = value.isTrue
            if let test { holds = try apply(test: test, to: value, rest) }
            if holds == keeps { kept.append(item) }
        }
        return .list(kept)
    }

    private mutating func mapped(
        _ value: JinjaValue,
        _ call: JinjaCall
    ) throws(JinjaError) -> JinjaValue {
        var results: [JinjaValue] = []
        if call.positional.isEmpty {
            let arguments = try call.bound(["attribute", "default"], line: line)
            guard let attribute = arguments[0] else { throw failure("map: expected a filter") }
            let path = try attributePath(attribute)
            for item in try items(of: value) {
                let result = try field(path, of: item)
                results.append(result.isUndefined ? arguments[1] ?? result : result)
            }
            return .list(results)
        }
        var rest = call
        let filter = try text(rest.positional.removeFirst(), of: "map").string
        for item in try items(of: value) {
            results.append(
                try deeper { (this) throws(JinjaError) in
                    try this.apply(filter: filter, to: item, rest)
                }
            )
        }
        try weigh(.list(results))
        return .list(results)
    }

    /// The names and indices of `a.b.0`; nothing for no attribute.
    mutating func attributePath(_ attribute: JinjaValue?) throws(JinjaError) -> [JinjaValue] {
        switch attribute {
        case nil, .some(.none): return []
        case .string(let name)?:
            try charge(name.text.count / 4)
            return name.text.split(JinjaText("."), limit: .max).map { part in
                let index = part.satisfies("isdigit") ? Int(part.string) : nil
                return index.map(JinjaValue.int) ?? .text(part)
            }
        case .some(let value):
            guard integer(value) != nil else {
                throw failure("an attribute is \(value.typeName), not a name")
            }
            return [value]
        }
    }

    mutating func field(
        _ path: [JinjaValue],
        of value: JinjaValue
    ) throws(JinjaError) -> JinjaValue {
        var value = value
        for key in path { value = try item(key, of: value) }
        return value
    }
}
