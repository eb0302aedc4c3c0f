import Kernels

/// One line of the table of attention.
struct AttentionRow: CustomStringConvertible {
    let title: String
    let format: KVFormat
    let queries: Int
    let context: Int
    let operations: Double
    let seconds: Double
    let peak: Peak

    static let header = """
        | attention | cache | queries | context | µs a layer | GFLOP/s | of the f32 peak |
        |---|---|---|---|---|---|---|
        """

    var description: String {
        let rate = operations / seconds
        let cells = [
            title, format.rawValue, "\(queries)", "\(context)",
            (seconds * 1e6).formatted(digits: 1), (rate * 1e-9).formatted(digits: 1),
            (100 * rate / peak.float).formatted(digits: 0) + " %",
        ]
        return "| " + cells.joined(separator: " | ") + " |"
    }
}
