/// A string that remembers which of its characters somebody other than the template wrote.
///
/// Every operation works character by character, so the mark follows a character through slicing,
/// trimming, replacing, joining and changes of case. Comparison and hashing ignore it. As in
/// Python, a character is a Unicode scalar.
struct JinjaText: Sendable {
    /// A scalar, and the mark in the highest bit.
    private(set) var units: [UInt32]

    private static let mark: UInt32 = 1 << 31

    init() {
        units = []
    }

    init(_ text: String, isTrusted: Bool = true) {
        let mark = isTrusted ? 0 : Self.mark
        units = text.unicodeScalars.map { $0.value | mark }
    }

    init(units: some Sequence<UInt32>) {
        self.units = Array(units)
    }

    var count: Int { units.count }
    var isEmpty: Bool { units.isEmpty }

    /// The text without its marks.
    var string: String {
        Self.string(units)
    }

    /// This text, as written by somebody other than the template.
    var untrusted: JinjaText {
        JinjaText(units: units.map { $0 | Self.mark })
    }

    static func scalar(_ unit: UInt32) -> Unicode.Scalar {
        Unicode.Scalar(unit & ~mark) ?? "\u{FFFD}"
    }

    static func isTrusted(_ unit: UInt32) -> Bool {
        unit & mark == 0
    }

    private static func string(_ units: some Sequence<UInt32>) -> String {
        var view = String.UnicodeScalarView()
        for unit in units { view.append(scalar(unit)) }
        return String(view)
    }

    /// Maximal stretches of the same trust.
    var pieces: [PromptPiece] {
        var pieces: [PromptPiece] = []
        var start = 0
        for index in units.indices {
            let next = index + 1
            let ends =
                next == units.count
                || Self.isTrusted(units[index]) != Self.isTrusted(units[next])
            guard ends else { continue }
            pieces.append(
                PromptPiece(
                    text: Self.string(units[start...index]),
                    parsesSpecial: Self.isTrusted(units[index])
                )
            )
            start = next
        }
        return pieces
    }

    mutating func append(_ other: JinjaText) {
        units += other.units
    }

    subscript(range: Range<Int>) -> JinjaText {
        JinjaText(units: units[range])
    }

    static func + (left: JinjaText, right: JinjaText) -> JinjaText {
        JinjaText(units: left.units + right.units)
    }
}

extension JinjaText: Hashable, Comparable {
    static func == (left: JinjaText, right: JinjaText) -> Bool {
        left.count == right.count
            && zip(left.units, right.units).allSatisfy { ($0 ^ $1) & ~mark == 0 }
    }

    static func < (left: JinjaText, right: JinjaText) -> Bool {
        left.units.lazy.map { $0 & ~mark }
            .lexicographicallyPrecedes(right.units.lazy.map { $0 & ~mark })
    }

    func hash(into hasher: inout Hasher) {
        hasher.combine(count)
        for unit in units { hasher.combine(unit & ~Self.mark) }
    }
}
