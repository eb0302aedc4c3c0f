import Foundation

extension Double {
    /// With so many digits after the point.
    func formatted(digits: Int) -> String { String(format: "%.\(digits)f", self) }
}

extension [Double] {
    /// The middle one; not empty.
    var median: Double { sorted()[count / 2] }
}
