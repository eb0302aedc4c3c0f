import Foundation

extension Double {
    /// With so many digits after the point.
    func formatted(digits: Int) -> String { String(format: "%.\(digits)f", self) }
}
