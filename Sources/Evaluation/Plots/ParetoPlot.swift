import Foundation

/// Perplexity against time a token, one point a run, as SVG.
///
/// Perplexity is logarithmic; neither axis begins at zero, which the caption says. Bars are standard
/// errors; what no other run beats in both is ringed and joined.
public struct ParetoPlot {
    /// Rows of one cell.
    public let rows: [SweepRow]

    private let left = 78.0, right = 190.0, top = 56.0, bottom = 84.0
    private let size = (width: 900.0, height: 560.0)

    /// Eight colours that colour-blind readers tell apart (Okabe and Ito), without yellow.
    private static let palette = [
        "#000000", "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#7A5195",
    ]

    /// A plot of the rows of one cell, at least one.
    public init(rows: [SweepRow]) {
        self.rows = rows
    }

    private var methods: [String] {
        rows.reduce(into: []) { names, row in
            if !names.contains(row.run.method) { names.append(row.run.method) }
        }
    }

    private func colour(_ method: String) -> String {
        Self.palette[(methods.firstIndex(of: method) ?? 0) % Self.palette.count]
    }

    /// The drawing.
    public var document: String {
        guard let first = rows.first else { return SVG(width: 10, height: 10).document }
        var svg = SVG(width: size.width, height: size.height)
        svg.text(
            "Perplexity against time a token",
            at: (left, 24),
            size: 17,
            weight: "bold"
        )
        svg.text(first.cell.title, at: (left, 44), size: 12, colour: "#555555")
        drawAxes(&svg)
        drawFront(&svg)
        for row in rows { drawPoint(row, &svg) }
        drawLabels(&svg)
        drawLegend(&svg)
        svg.text(
            "Lower left is better. Bars: standard error (perplexity over windows, time over batches). "
                + "Neither axis begins at zero.",
            at: (left, size.height - 14),
            size: 11,
            colour: "#555555"
        )
        return svg.document
    }

    // MARK: - Scales

    private var times: ClosedRange<Double> {
        let low = rows.map { microseconds($0) - timeError($0) }.min() ?? 0
        let high = rows.map { microseconds($0) + timeError($0) }.max() ?? 1
        let margin = max(0.06 * (high - low), 0.005 * high)
        return max(0, low - margin)...(high + margin)
    }

    private var perplexities: ClosedRange<Double> {
        let low = rows.map { max(1, $0.perplexity - $0.perplexityStandardError) }.min() ?? 1
        let high = rows.map { $0.perplexity + $0.perplexityStandardError }.max() ?? 2
        return (low / 1.08)...(high * 1.08)
    }

    private func microseconds(_ row: SweepRow) -> Double { 1e6 * row.secondsPerToken }

    private func timeError(_ row: SweepRow) -> Double { 1e6 * row.secondsPerTokenStandardError }

    private func x(_ microseconds: Double) -> Double {
        let range = times
        let share = (microseconds - range.lowerBound) / (range.upperBound - range.lowerBound)
        return left + share * (size.width - left - right)
    }

    private func y(_ perplexity: Double) -> Double {
        let range = perplexities
        let share = log(perplexity / range.lowerBound) / log(range.upperBound / range.lowerBound)
        return size.height - bottom - share * (size.height - top - bottom)
    }

    private func point(_ row: SweepRow) -> (x: Double, y: Double) {
        (x(microseconds(row)), y(row.perplexity))
    }

    // MARK: - Parts

    private func drawAxes(_ svg: inout SVG) {
        let (edge, base) = (size.width - right, size.height - bottom)
        for tick in AxisTicks.linear(times) {
            svg.line((x(tick), top), (x(tick), base), colour: "#E5E5E5")
            svg.text(AxisTicks.label(tick), at: (x(tick), base + 18), anchor: "middle")
        }
        for tick in AxisTicks.logarithmic(perplexities) {
            svg.line((left, y(tick)), (edge, y(tick)), colour: "#E5E5E5")
            svg.text(AxisTicks.label(tick), at: (left - 8, y(tick) + 4), anchor: "end")
        }
        svg.line((left, base), (edge, base))
        svg.line((left, top), (left, base))
        svg.text(
            "time a token, from embedding to final norm, probe included (µs)",
            at: ((left + edge) / 2, base + 40),
            size: 13,
            anchor: "middle"
        )
        svg.text(
            "perplexity (logarithmic)",
            at: (24, (top + base) / 2),
            size: 13,
            anchor: "middle",
            rotated: true
        )
    }

    private func drawFront(_ svg: inout SVG) {
        let front = rows.filter(\.isOnParetoFront).map(point).sorted { $0.x < $1.x }
        if front.count > 1 { svg.polyline(front, colour: "#888888", dash: "6 4") }
        for point in front {
            svg.circle(point, radius: 10, fill: "none", stroke: "#888888", strokeWidth: 1.5)
        }
    }

    private func drawPoint(_ row: SweepRow, _ svg: inout SVG) {
        let colour = colour(row.run.method)
        let (centre, time) = (point(row), microseconds(row))
        let (error, spread) = (timeError(row), row.perplexityStandardError)
        svg.line((x(time - error), centre.y), (x(time + error), centre.y), colour: colour)
        let low = max(1, row.perplexity - spread)
        svg.line((centre.x, y(low)), (centre.x, y(row.perplexity + spread)), colour: colour)
        svg.circle(centre, radius: 5.5, fill: colour, stroke: "white")
    }

    /// Places along the bars of a run.
    private func bars(of row: SweepRow) -> [(x: Double, y: Double)] {
        let (centre, time) = (point(row), microseconds(row))
        let (error, spread) = (timeError(row), row.perplexityStandardError)
        return stride(from: -1, through: 1, by: 0.1).flatMap { share in
            [
                (x(time + share * error), centre.y),
                (centre.x, y(max(1, row.perplexity + share * spread))),
            ]
        }
    }

    /// Puts each run's ratio where it hides least.
    private func drawLabels(_ svg: inout SVG) {
        var taken = rows.map { row -> (x: Double, y: Double) in point(row) } + rows.flatMap(bars)
        for row in rows {
            let text = row.run.ratio == 0 ? "dense" : "\(Int((100 * row.run.ratio).rounded())) %"
            let centre = point(row)
            let places: [(x: Double, y: Double)] = [
                (26, -12), (26, 20), (-26, -12), (-26, 20), (32, 4), (-32, 4), (28, -26), (28, 34),
                (-28, -26), (-28, 34), (46, -14), (46, 22), (-46, -14), (-46, 22), (40, -40),
                (-40, 48),
            ].map { (centre.x + $0.0, centre.y + $0.1) }
            func clearance(_ place: (x: Double, y: Double)) -> Double {
                let edge = min(size.width - right - place.x - 14, place.x - left - 14)
                let nearest = taken.map { hypot(($0.x - place.x) / 1.6, $0.y - (place.y - 4)) }
                return min(nearest.min() ?? 0, edge < 0 ? 0 : 16)
            }
            // Among places that are clear enough, the first.
            let place =
                places.first { clearance($0) >= 13 }
                ?? places.max { clearance($0) < clearance($1) } ?? centre
            taken.append((place.x, place.y - 4))
            svg.text(
                text,
                at: place,
                size: 11,
                anchor: "middle",
                colour: colour(row.run.method),
                hasHalo: true
            )
        }
    }

    private func drawLegend(_ svg: inout SVG) {
        let x = size.width - right + 22
        for (index, method) in methods.enumerated() {
            let y = top + 12 + 22 * Double(index)
            svg.circle((x, y - 4), radius: 5.5, fill: colour(method))
            svg.text(method, at: (x + 14, y), size: 13)
        }
        let y = top + 12 + 22 * Double(methods.count)
        svg.circle((x, y - 4), radius: 8, fill: "none", stroke: "#888888", strokeWidth: 1.5)
        svg.text("Pareto front", at: (x + 14, y), size: 13, colour: "#555555")
        svg.text("Labels: nominal ratio", at: (x - 6, y + 24), size: 11, colour: "#555555")
    }
}
