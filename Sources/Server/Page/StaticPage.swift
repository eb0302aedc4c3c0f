import Crypto
import Foundation
import HTTPTypes
import Hummingbird
import NIOCore

/// The page at `/`: one file within the binary that asks for nothing from elsewhere.
struct StaticPage: Sendable {
    /// The file.
    let html: [UInt8]
    /// What a browser may do with it: run its own script and style, and call this server.
    let contentSecurityPolicy: String

    /// - Parameter html: With at most one `<script>` and one `<style>`, both without attributes.
    init(html: [UInt8] = PackageResources.page_html) {
        self.html = html
        let text = String(decoding: html, as: UTF8.self)
        contentSecurityPolicy = [
            "default-src 'none'", "script-src \(Self.source("script", in: text))",
            "style-src \(Self.source("style", in: text))", "img-src data:", "connect-src 'self'",
            "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'",
        ].joined(separator: "; ")
    }

    /// The page as a response.
    var response: Response {
        var headers: HTTPFields = [
            .contentType: "text/html; charset=utf-8", .cacheControl: "no-cache",
            .contentSecurityPolicy: contentSecurityPolicy, .xContentTypeOptions: "nosniff",
        ]
        for (name, value) in ["Referrer-Policy": "no-referrer", "X-Frame-Options": "DENY"] {
            if let name = HTTPField.Name(name) { headers[name] = value }
        }
        return Response(
            status: .ok,
            headers: headers,
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: html))
        )
    }

    /// The hash of an element's text, which lets it through and nothing that was slipped in.
    private static func source(_ element: String, in text: String) -> String {
        guard let opening = text.range(of: "<\(element)>"),
            let closing = text.range(
                of: "</\(element)>",
                range: opening.upperBound..<text.endIndex
            )
        else { return "'none'" }
        let content = text[opening.upperBound..<closing.lowerBound]
        let digest = SHA256.hash(data: Data(content.utf8))
        return "'sha256-\(Data(digest).base64EncodedString())'"
    }
}
