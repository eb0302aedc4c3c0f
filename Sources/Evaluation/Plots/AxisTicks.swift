import Foundation

/// Round numbers along an axis.
enum AxisTicks {
    /// About `count` multiples of 1, 2 or 5 times a power of ten within a range.
    static func linear(_ range: ClosedRange<Double>, count: Int = 6) -> [Double] {
        let span = range.upperBound - range.lowerBound
        guard span > 0, span.isFinite else { return [range.lowerBound] }
        let raw = span / Double(count)
        let power = pow(10, log10(raw).rounded(.down))
        let step = [1, 2, 5, 10].map { $0 * power }.first { $0 >= raw } ?? 10 * power
        let first = Int((range.lowerBound / step).rounded(.up))
        let last = Int((range.upperBound / step).rounded(.down))
        guard first <= last else { return [] }
        return (first...last).map { Double($0) * step }
    }

    /// Ticks of a logarithmic axis: as many a decade as fit its length.
    static func logarithmic(_ range: ClosedRange<Double>) -> [Double] {
        guard range.lowerBound > 0, range.upperBound > range.lowerBound else { return [] }
        let decades = log10(range.upperBound / range.lowerBound)
        let marks: [Double] =
            decades > 2 ? [1] : decades > 1 ? [1, 2, 5] : [1, 1.5, 2, 3, 4, 5, 6, 7, 8, 9]
        let powers = Int(log10(range.lowerBound).rounded(.down))...Int(log10(range.upperBound))
        return powers.flatMap { power in marks.map { $0 * pow(10, Double(power)) } }
            .filter { range.contains($0) }
    }

    /// A number with no more digits than it needs.
    static func label(_ value: Double) -> String {
        value == value.rounded() ? String(Int(value)) : String(format: "%g", value)
    }
}
