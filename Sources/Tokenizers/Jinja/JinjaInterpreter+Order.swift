/// Filters that compare items or add them up.
extension JinjaInterpreter {
    mutating func apply(
        order filter: String,
        to value: JinjaValue,
        _ call: JinjaCall
    ) throws(JinjaError) -> JinjaValue {
        switch filter {
        case "sort":
            let arguments = try call.bound("reverse", "case_sensitive", "attribute", line: line)
            return .list(
                try sorted(
                    try items(of: value),
                    by: try attributePaths(arguments[2]),
                    isCaseSensitive: arguments[1]?.isTrue ?? false,
                    isReversed: arguments[0]?.isTrue ?? false
                )
            )
        case "dictsort": return try sortedEntries(of: value, call)
        case "sum":
            let arguments = try call.bound("attribute", "start", line: line)
            let path = try attributePath(arguments[0])
            var sum = arguments[1] ?? .int(0)
            if case .string = sum { throw failure("sum: strings cannot be added up; use join") }
            for item in try items(of: value) {
                sum = try apply(.add, to: sum, try field(path, of: item))
            }
            return sum
        case "unique":
            let arguments = try call.bound("case_sensitive", "attribute", line: line)
            return try unique(value, arguments)
        default:
            let arguments = try call.bound("case_sensitive", "attribute", line: line)
            return try extreme(value, isGreatest: filter == "max", arguments)
        }
    }

    private mutating func unique(
        _ value: JinjaValue,
        _ arguments: [JinjaValue?]
    ) throws(JinjaError) -> JinjaValue {
        let path = try attributePath(arguments[1])
        let isCaseSensitive = arguments[0]?.isTrue ?? false
        var seen: Set<JinjaValue.Key> = []
        var kept: [JinjaValue] = []
        for item in try items(of: value) {
            let field = try field(path, of: item)
            try weigh(field)
            guard let key = JinjaValue.Key(isCaseSensitive ? field : field.lowercased) else {
                throw failure("unique: \(field.typeName) cannot be a key")
            }
            if seen.insert(key).inserted { kept.append(item) }
        }
        return .list(kept)
    }

    private mutating func extreme(
        _ value: JinjaValue,
        isGreatest: Bool,
        _ arguments: [JinjaValue?]
    ) throws(JinjaError) -> JinjaValue {
        let path = try attributePath(arguments[1])
        let isCaseSensitive = arguments[0]?.isTrue ?? false
        var best: (item: JinjaValue, key: JinjaValue)?
        for item in try items(of: value) {
            let field = try field(path, of: item)
            try weigh(field)
            let key = isCaseSensitive ? field : field.lowercased
            guard let current = best else {
                best = (item, key)
                continue
            }
            let isBetter =
                isGreatest
                ? try isLess(current.key, key, orEqual: false)
                : try isLess(key, current.key, orEqual: false)
            if isBetter { best = (item, key) }
        }
        return best?.item ?? .undefined("the list has no items")
    }

    private mutating func sortedEntries(
        of value: JinjaValue,
        _ call: JinjaCall
    ) throws(JinjaError) -> JinjaValue {
        let arguments = try call.bound("case_sensitive", "by", "reverse", line: line)
        guard case .dictionary(let dictionary) = value else {
            throw failure("dictsort: expected a mapping, found \(value.typeName)")
        }
        let position: Int
        switch try text(arguments[1] ?? .trusted("key"), of: "dictsort").string {
        case "key": position = 0
        case "value": position = 1
        case let by: throw failure("dictsort: expected 'key' or 'value', found '\(by)'")
        }
        try charge(dictionary.count)
        return .list(
            try sorted(
                dictionary.entries.map { .tuple([$0.key, $0.value]) },
                by: [[.int(position)]],
                isCaseSensitive: arguments[0]?.isTrue ?? false,
                isReversed: arguments[2]?.isTrue ?? false
            )
        )
    }

    // MARK: - Sorting

    /// The paths of `a.b,c`; one empty path for no attribute.
    private mutating func attributePaths(
        _ attribute: JinjaValue?
    ) throws(JinjaError) -> [[JinjaValue]] {
        guard case .string(let names)? = attribute else { return [try attributePath(attribute)] }
        var paths: [[JinjaValue]] = []
        for name in names.text.split(JinjaText(","), limit: .max) {
            paths.append(try attributePath(.text(name)))
        }
        return paths
    }

    private mutating func sorted(
        _ items: [JinjaValue],
        by paths: [[JinjaValue]],
        isCaseSensitive: Bool,
        isReversed: Bool
    ) throws(JinjaError) -> [JinjaValue] {
        var keyed: [(item: JinjaValue, key: JinjaValue)] = []
        for item in items {
            var keys: [JinjaValue] = []
            for path in paths {
                let key = try field(path, of: item)
                try weigh(key)
                keys.append(isCaseSensitive ? key : key.lowercased)
            }
            keyed.append((item, .list(keys)))
        }
        return try sorted(keyed) { (this, left, right) throws(JinjaError) in
            isReversed
                ? try this.isLess(right.key, left.key, orEqual: false)
                : try this.isLess(left.key, right.key, orEqual: false)
        }.map(\.item)
    }

    /// A stable merge sort, as the order may fail to compare.
    mutating func sorted<Element>(
        _ elements: [Element],
        by isLess: (inout JinjaInterpreter, Element, Element) throws(JinjaError) -> Bool
    ) throws(JinjaError) -> [Element] {
        var source = elements
        var width = 1
        while width < source.count {
            var merged: [Element] = []
            merged.reserveCapacity(source.count)
            try charge(source.count)
            for start in stride(from: 0, to: source.count, by: 2 * width) {
                let middle = min(start + width, source.count)
                let end = min(start + 2 * width, source.count)
                var (left, right) = (start, middle)
                while left < middle || right < end {
                    var takesRight = left == middle
                    if !takesRight, right < end {
                        takesRight = try isLess(&self, source[right], source[left])
                    }
                    merged.append(source[takesRight ? right : left])
                    if takesRight { right += 1 } else { left += 1 }
                }
            }
            source = merged
            width *= 2
        }
        return source
    }
}

extension JinjaValue {
    /// A text in lower case; any other value as it is.
    fileprivate var lowercased: JinjaValue {
        if case .string(let value) = self { .text(value.text.lowercased) } else { self }
    }
}
