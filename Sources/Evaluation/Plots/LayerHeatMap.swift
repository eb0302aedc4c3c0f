import Foundation

/// A share for each run, block kind and layer, as an SVG heat map; 0 is light and 1 is dark.
public struct LayerHeatMap {
    /// Title of the drawing.
    public let title: String
    /// Below the title.
    public let subtitle: String
    /// Rows of one cell.
    public let rows: [SweepRow]
    /// By `PrunableBlock.index`, nil: nothing to say.
    public let values: (SweepRow) -> [Double?]

    private let cellSize = (width: 22.0, height: 20.0)
    private let top = 84.0

    /// Room for the longest run's name, in bold of 12, and for the kinds of block beside it.
    private var left: Double {
        let longest = rows.map { $0.run.title.count }.max() ?? 0
        return max(190, 76 + 7.2 * Double(longest))
    }

    /// A heat map.
    public init(
        title: String,
        subtitle: String,
        rows: [SweepRow],
        values: @escaping (SweepRow) -> [Double?]
    ) {
        self.title = title
        self.subtitle = subtitle
        self.rows = rows
        self.values = values
    }

    /// The drawing.
    public var document: String {
        let layers = (rows.map { values($0).count }.max() ?? 0) / 2
        let height = top + (2 * cellSize.height + 8) * Double(rows.count) + 96
        var svg = SVG(
            width: left + max(16, Double(layers)) * cellSize.width + 60,
            height: height
        )
        svg.text(title, at: (20, 26), size: 17, weight: "bold")
        svg.text(subtitle, at: (20, 46), size: 12, colour: "#555555")
        for layer in stride(from: 0, to: layers, by: layers > 40 ? 5 : 2) {
            let x = left + (Double(layer) + 0.5) * cellSize.width
            svg.text(String(layer), at: (x, top - 8), size: 11, anchor: "middle")
        }
        svg.text("layer", at: (left - 10, top - 8), size: 11, anchor: "end")
        for (index, row) in rows.enumerated() { draw(row, at: index, layers, &svg) }
        drawScale(&svg, y: height - 66)
        return svg.document
    }

    private func draw(_ row: SweepRow, at index: Int, _ layers: Int, _ svg: inout SVG) {
        let y = top + (2 * cellSize.height + 8) * Double(index)
        let values = values(row)
        svg.text(row.run.title, at: (20, y + cellSize.height + 4), size: 12, weight: "bold")
        for (kind, name) in ["heads", "MLP"].enumerated() {
            let line = y + Double(kind) * cellSize.height
            svg.text(name, at: (left - 10, line + 14), size: 11, anchor: "end")
            for layer in 0..<layers {
                let x = left + Double(layer) * cellSize.width
                let value = values[2 * layer + kind]
                svg.rectangle(
                    x: x,
                    y: line,
                    width: cellSize.width,
                    height: cellSize.height,
                    fill: value.map(Self.colour) ?? "#DDDDDD",
                    stroke: "white"
                )
                guard let value else { continue }
                svg.text(
                    String(Int((100 * value).rounded())),
                    at: (x + cellSize.width / 2, line + 14),
                    size: 10,
                    anchor: "middle",
                    // Where either contrasts with the blue alike.
                    colour: value > 0.6 ? "white" : "#111111"
                )
            }
        }
    }

    private func drawScale(_ svg: inout SVG, y: Double) {
        let width = 220.0
        for step in 0..<44 {
            svg.rectangle(
                x: left + 5 * Double(step),
                y: y,
                width: 5.2,
                height: 12,
                fill: Self.colour(Double(step) / 43)
            )
        }
        for (share, label) in [(0.0, "0 %"), (0.5, "50 %"), (1.0, "100 %")] {
            svg.text(label, at: (left + share * width, y + 28), size: 11, anchor: "middle")
        }
        if rows.contains(where: { values($0).contains { $0 == nil } }) {
            svg.rectangle(x: left + width + 36, y: y, width: 12, height: 12, fill: "#DDDDDD")
            svg.text("no mask", at: (left + width + 54, y + 11), size: 11)
        }
        svg.text(
            "Numbers are per cent.",
            at: (left, y + 48),
            size: 11,
            colour: "#555555"
        )
    }

    /// From near-white to dark blue.
    private static func colour(_ share: Double) -> String {
        let t = min(1, max(0, share))
        let (light, dark) = ([247.0, 251.0, 255.0], [8.0, 48.0, 107.0])
        let mixed = zip(light, dark).map { Int(($0 + t * ($1 - $0)).rounded()) }
        return String(format: "#%02X%02X%02X", mixed[0], mixed[1], mixed[2])
    }
}
