/// Python's string methods.
extension JinjaText {
    /// Where `needle` first begins at or after `start`.
    ///
    /// - Complexity: O(*n* + *m*), by Knuth, Morris and Pratt: neither text is trusted.
    func firstIndex(of needle: JinjaText, from start: Int = 0) -> Int? {
        guard start + needle.count <= count else { return nil }
        guard !needle.isEmpty else { return start }
        let pattern = needle.units.map(Self.scalar)
        var fallback = [Int](repeating: 0, count: pattern.count)
        var matched = 0
        for index in pattern.indices.dropFirst() {
            while matched > 0, pattern[index] != pattern[matched] {
                matched = fallback[matched - 1]
            }
            if pattern[index] == pattern[matched] { matched += 1 }
            fallback[index] = matched
        }
        matched = 0
        for index in start..<count {
            let scalar = Self.scalar(units[index])
            while matched > 0, scalar != pattern[matched] { matched = fallback[matched - 1] }
            if scalar == pattern[matched] { matched += 1 }
            if matched == pattern.count { return index + 1 - matched }
        }
        return nil
    }

    /// Where `needle` stands, without overlaps.
    func indices(of needle: JinjaText, limit: Int = .max) -> [Int] {
        var found: [Int] = []
        var start = 0
        while found.count < limit, let index = firstIndex(of: needle, from: start) {
            found.append(index)
            start = index + Swift.max(needle.count, 1)
        }
        return found
    }

    func hasPrefix(_ prefix: JinjaText) -> Bool {
        count >= prefix.count && self[0..<prefix.count] == prefix
    }

    func hasSuffix(_ suffix: JinjaText) -> Bool {
        count >= suffix.count && self[count - suffix.count..<count] == suffix
    }

    /// The text with every `old` replaced; an empty `old` stands between all characters.
    func replacing(_ old: JinjaText, with new: JinjaText, limit: Int = .max) -> JinjaText {
        var result: [UInt32] = []
        var start = 0
        for index in indices(of: old, limit: limit) {
            result += units[start..<index]
            result += new.units
            start = index + old.count
        }
        return JinjaText(units: result + units[start...])
    }

    /// The text without characters of a set at its ends; `nil` is white space.
    func stripped(_ set: JinjaText? = nil, start: Bool = true, end: Bool = true) -> JinjaText {
        let scalars = set.map { Set($0.units.map(Self.scalar)) }
        func isStripped(_ unit: UInt32) -> Bool {
            scalars?.contains(Self.scalar(unit)) ?? Self.isSpace(Self.scalar(unit))
        }
        var rest = units[...]
        if start { rest = rest.drop(while: isStripped) }
        if end { while let last = rest.last, isStripped(last) { rest.removeLast() } }
        return JinjaText(units: rest)
    }

    /// What Python calls white space.
    static func isSpace(_ scalar: Unicode.Scalar) -> Bool {
        scalar.properties.isWhitespace || (0x1c...0x1f).contains(scalar.value)
    }

    /// The parts between separators.
    func split(_ separator: JinjaText, limit: Int) -> [JinjaText] {
        var parts: [JinjaText] = []
        var start = 0
        for index in indices(of: separator, limit: limit) {
            parts.append(self[start..<index])
            start = index + separator.count
        }
        return parts + [self[start..<count]]
    }

    /// The words between stretches of white space; what follows the last split stays whole.
    func words(limit: Int) -> [JinjaText] {
        var parts: [JinjaText] = []
        var rest = stripped(end: false)
        while !rest.isEmpty {
            let end = rest.units.firstIndex { Self.isSpace(Self.scalar($0)) }
            guard let end else { return parts + [rest] }
            guard parts.count < limit else { return parts + [rest] }
            parts.append(rest[0..<end])
            rest = rest[end..<rest.count].stripped(end: false)
        }
        return parts
    }

    /// The lines, with or without what ends them.
    func lines(keepsEnds: Bool) -> [JinjaText] {
        var parts: [JinjaText] = []
        var (start, index) = (0, 0)
        while index < count {
            let scalar = Self.scalar(units[index]).value
            guard Self.lineBreaks.contains(scalar) else {
                index += 1
                continue
            }
            let isPair =
                scalar == 13 && index + 1 < count && Self.scalar(units[index + 1]).value == 10
            let end = index + (isPair ? 2 : 1)
            parts.append(self[start..<(keepsEnds ? end : index)])
            (start, index) = (end, end)
        }
        return start < count ? parts + [self[start..<count]] : parts
    }

    private static let lineBreaks: Set<UInt32> = [
        10, 11, 12, 13, 0x1c, 0x1d, 0x1e, 0x85, 0x2028, 0x2029,
    ]

    // MARK: - Case

    func mapped(_ transform: (Unicode.Scalar.Properties) -> String) -> JinjaText {
        var result: [UInt32] = []
        for unit in units {
            let mark = unit & (1 << 31)
            let scalar = Self.scalar(unit)
            result += transform(scalar.properties).unicodeScalars.map { $0.value | mark }
        }
        return JinjaText(units: result)
    }

    var uppercased: JinjaText { mapped(\.uppercaseMapping) }
    var lowercased: JinjaText { mapped(\.lowercaseMapping) }

    var capitalized: JinjaText {
        guard !isEmpty else { return self }
        return self[0..<1].mapped(\.titlecaseMapping) + self[1..<count].lowercased
    }

    /// Every character that `startsWord` says begins a word in title case, others in lower case.
    func titled(startsWord: (_ previous: Unicode.Scalar?) -> Bool) -> JinjaText {
        var result = JinjaText()
        var previous: Unicode.Scalar?
        for index in units.indices {
            let one = self[index..<index + 1]
            result.append(startsWord(previous) ? one.mapped(\.titlecaseMapping) : one.lowercased)
            previous = Self.scalar(units[index])
        }
        return result
    }

    /// The texts with this one between them.
    func joining(_ parts: [JinjaText]) -> JinjaText {
        var result: [UInt32] = []
        for (index, part) in parts.enumerated() {
            if index > 0 { result += units }
            result += part.units
        }
        return JinjaText(units: result)
    }
}
