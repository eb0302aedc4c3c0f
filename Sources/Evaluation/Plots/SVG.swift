import Foundation

/// A drawing as SVG text; coordinates in pixels, y downwards.
struct SVG {
    private var body = ""
    let width: Double
    let height: Double

    init(width: Double, height: Double) {
        self.width = width
        self.height = height
    }

    /// The whole document, on white.
    var document: String {
        """
        <svg xmlns="http://www.w3.org/2000/svg" width="\(Self.number(width))" \
        height="\(Self.number(height))" viewBox="0 0 \(Self.number(width)) \(Self.number(height))" \
        font-family="Helvetica, Arial, sans-serif">
        <rect width="100%" height="100%" fill="white"/>
        \(body)</svg>

        """
    }

    mutating func line(
        _ from: (x: Double, y: Double),
        _ to: (x: Double, y: Double),
        colour: String = "#333333",
        width: Double = 1,
        dash: String? = nil
    ) {
        let pattern = dash.map { " stroke-dasharray=\"\($0)\"" } ?? ""
        body += """
            <line x1="\(Self.number(from.x))" y1="\(Self.number(from.y))" x2="\(Self.number(to.x))" \
            y2="\(Self.number(to.y))" stroke="\(colour)" stroke-width="\(width)"\(pattern)/>\n
            """
    }

    mutating func rectangle(
        x: Double,
        y: Double,
        width: Double,
        height: Double,
        fill: String,
        stroke: String = "none"
    ) {
        body += """
            <rect x="\(Self.number(x))" y="\(Self.number(y))" width="\(Self.number(width))" \
            height="\(Self.number(height))" fill="\(fill)" stroke="\(stroke)"/>\n
            """
    }

    mutating func circle(
        _ centre: (x: Double, y: Double),
        radius: Double,
        fill: String,
        stroke: String = "none",
        strokeWidth: Double = 1
    ) {
        body += """
            <circle cx="\(Self.number(centre.x))" cy="\(Self.number(centre.y))" r="\(radius)" \
            fill="\(fill)" stroke="\(stroke)" stroke-width="\(strokeWidth)"/>\n
            """
    }

    mutating func polyline(_ points: [(x: Double, y: Double)], colour: String, dash: String) {
        let list = points.map { "\(Self.number($0.x)),\(Self.number($0.y))" }
        body += """
            <polyline points="\(list.joined(separator: " "))" fill="none" stroke="\(colour)" \
            stroke-width="1.5" stroke-dasharray="\(dash)"/>\n
            """
    }

    /// Text; `rotated` by −90° about its anchor.
    mutating func text(
        _ text: String,
        at point: (x: Double, y: Double),
        size: Double = 12,
        anchor: String = "start",
        weight: String = "normal",
        colour: String = "#222222",
        rotated: Bool = false,
        hasHalo: Bool = false
    ) {
        let halo =
            hasHalo
            ? " stroke=\"white\" stroke-width=\"3\" stroke-linejoin=\"round\" paint-order=\"stroke\""
            : ""
        let turn =
            rotated
            ? " transform=\"rotate(-90 \(Self.number(point.x)) \(Self.number(point.y)))\"" : ""
        body += """
            <text x="\(Self.number(point.x))" y="\(Self.number(point.y))" font-size="\(size)" \
            text-anchor="\(anchor)" font-weight="\(weight)" fill="\(colour)"\(turn)\(halo)>\
            \(Self.escaped(text))</text>\n
            """
    }

    private static func number(_ value: Double) -> String { String(format: "%.2f", value) }

    private static func escaped(_ text: String) -> String {
        text.replacingOccurrences(of: "&", with: "&amp;")
            .replacingOccurrences(of: "<", with: "&lt;")
            .replacingOccurrences(of: ">", with: "&gt;")
    }
}
