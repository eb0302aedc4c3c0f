import Foundation

/// Changes text before it is cut into words.
struct Normalizer: Sendable, Equatable {
    /// One change.
    enum Step: Sendable, Equatable {
        /// A normalisation form of Unicode.
        case nfc, nfd, nfkc, nfkd
        /// Every scalar's lower case.
        case lowercase
        /// Without combining marks.
        case stripAccents
        /// Without white space at the ends.
        case strip(left: Bool, right: Bool)
        /// `replacement` for every occurrence of `pattern`, which is not empty.
        case replace(pattern: [UInt8], replacement: [UInt8])
        /// Something in front of a text that is not empty.
        case prepend([UInt8])
    }

    /// The changes, in order.
    var steps: [Step] = []

    /// The names under which `tokenizer.json` knows the steps.
    static let supported = [
        "Lowercase", "NFC", "NFD", "NFKC", "NFKD", "Prepend", "Replace", "Sequence", "Strip",
        "StripAccents",
    ]

    /// What becomes of `text`, which is UTF-8.
    ///
    /// - Complexity: O(*n*) a step.
    func callAsFunction(_ text: [UInt8]) -> [UInt8] {
        steps.reduce(text) { Self.apply($1, to: $0) }
    }

    private static func apply(_ step: Step, to text: [UInt8]) -> [UInt8] {
        switch step {
        case .nfc: mapped(text) { $0.precomposedStringWithCanonicalMapping }
        case .nfd: mapped(text) { $0.decomposedStringWithCanonicalMapping }
        case .nfkc: mapped(text) { $0.precomposedStringWithCompatibilityMapping }
        case .nfkd: mapped(text) { $0.decomposedStringWithCompatibilityMapping }
        case .lowercase: lowercased(text)
        case .stripAccents:
            mapped(text) { text in
                String(String.UnicodeScalarView(text.unicodeScalars.filter { !$0.isMark }))
            }
        case .strip(let left, let right): stripped(text, left: left, right: right)
        case .replace(let pattern, let replacement):
            text.replacing(pattern, with: replacement)
        case .prepend(let prefix): text.isEmpty ? text : prefix + text
        }
    }

    /// `change` of a text beyond ASCII; ASCII is of every normalisation form, and has no accents.
    private static func mapped(_ text: [UInt8], _ change: (String) -> String) -> [UInt8] {
        if text.allSatisfy({ $0 < 0x80 }) { return text }
        return Array(change(String(decoding: text, as: UTF8.self)).utf8)
    }

    private static func lowercased(_ text: [UInt8]) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(text.count)
        for scalar in String(decoding: text, as: UTF8.self).unicodeScalars {
            result.append(contentsOf: scalar.properties.lowercaseMapping.utf8)
        }
        return result
    }

    private static func stripped(_ text: [UInt8], left: Bool, right: Bool) -> [UInt8] {
        var (start, end) = (0, text.count)
        while left, start < end {
            let (scalar, byteCount) = text.scalar(at: start)
            guard scalar.properties.isWhitespace else { break }
            start += byteCount
        }
        while right, start < end {
            let (scalar, byteCount) = text.scalar(before: end)
            guard scalar.properties.isWhitespace else { break }
            end -= byteCount
        }
        return Array(text[start..<end])
    }
}

extension Unicode.Scalar {
    fileprivate var isMark: Bool {
        switch properties.generalCategory {
        case .nonspacingMark, .spacingMark, .enclosingMark: true
        default: false
        }
    }
}

extension [UInt8] {
    /// `replacement` for every occurrence of `pattern`, leftmost first; `pattern` is not empty.
    func replacing(_ pattern: [UInt8], with replacement: [UInt8]) -> [UInt8] {
        guard let first = pattern.first else { return self }
        var result: [UInt8] = []
        result.reserveCapacity(count)
        var index = 0
        while index < count {
            let end = index + pattern.count
            if self[index] == first, end <= count, self[index..<end].elementsEqual(pattern) {
                result += replacement
                index = end
            } else {
                result.append(self[index])
                index += 1
            }
        }
        return result
    }
}
