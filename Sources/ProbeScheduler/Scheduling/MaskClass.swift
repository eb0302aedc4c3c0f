/// Requests whose rows may run under one mask: same pruning ratio, same scope.
///
/// A batch has one mask a block, so requests of different classes never share a batch.
public struct MaskClass: Hashable, Sendable {
    /// Share of heads and channels removed, in hundredths, `0...99`.
    public let ratioPercent: Int
    /// Which rows share a mask.
    public let scope: MaskScope

    /// Everything runs.
    public static let dense = MaskClass(ratio: 0, scope: .batch)

    /// The class of a ratio, rounded to hundredths as the published implementation rounds a layer's.
    ///
    /// At ratio 0 the scope is always `batch`: a dense row does not depend on its neighbours.
    ///
    /// - Parameters:
    ///   - ratio: Share removed; cut to `0...0.99`.
    ///   - scope: Which rows share a mask.
    public init(ratio: Double, scope: MaskScope) {
        let percent = ratio.isFinite ? (min(max(ratio, 0), 0.99) * 100).rounded() : 0
        let ratioPercent = Int(percent)
        self.init(ratioPercent: ratioPercent, scope: ratioPercent == 0 ? .batch : scope)
    }

    init(ratioPercent: Int, scope: MaskScope) {
        self.ratioPercent = ratioPercent
        self.scope = scope
    }

    /// Share removed.
    public var ratio: Double { Double(ratioPercent) / 100 }
}
