import Kernels

/// One line of the table of products.
struct ProductRow: CustomStringConvertible {
    let model: String
    let product: Product
    let format: WeightFormat
    let tokens: Int
    /// Of a dense call.
    let operations: Double
    /// Of a dense call's weights.
    let bytes: Double
    /// The first is 1.
    let shares: [Double]
    /// A call at each share.
    let seconds: [Double]
    let peak: Peak

    static func header(shares: [Double]) -> String {
        let titles =
            ["product", "weights", "tokens", "GOP/s", "of peak", "GB/s", "of read"]
            + shares.map { "time at \($0.formatted(digits: 2)) (limit)" }
        return "| " + titles.joined(separator: " | ") + " |\n|"
            + String(repeating: "---|", count: titles.count)
    }

    var description: String {
        let rate = operations / seconds[0]
        let speed = bytes / seconds[0]
        let ratios = zip(shares, seconds).dropFirst().map { share, time in
            let limit = 1.05 * share + 0.02
            let ratio = time / seconds[0]
            let text = "\(ratio.formatted(digits: 3)) (\(limit.formatted(digits: 3)))"
            return ratio <= limit ? text : "**\(text)**"
        }
        let cells =
            [
                "\(model) \(product.rawValue)", format.rawValue, "\(tokens)",
                (rate * 1e-9).formatted(digits: 1),
                (100 * rate / peak.operations(product, format)).formatted(digits: 0) + " %",
                (speed * 1e-9).formatted(digits: 1),
                (100 * speed / peak.read).formatted(digits: 0) + " %",
            ] + ratios
        return "| " + cells.joined(separator: " | ") + " |"
    }
}
