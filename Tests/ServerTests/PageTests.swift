import Crypto
import Foundation
import JSONText
import ProbeScheduler
import Runtime
import Testing

@testable import Server

/// The page at `/`, and what it asks the server for.
@Suite("Page", .serialized)
struct PageTests {
    @Test("the page comes with a policy that lets its own script and style through, and no others")
    func headers() async throws {
        var configuration = RunningServer.configuration
        configuration.apiKeys = ["secret"]
        try await RunningServer.with(configuration) { server in
            // Without a key: the page asks for it.
            let reply = try await server.send("/")
            #expect(reply.status == 200)
            #expect(reply.headers["content-type"] == "text/html; charset=utf-8")
            #expect(reply.headers["x-content-type-options"] == "nosniff")
            #expect(reply.headers["x-frame-options"] == "DENY")
            let policy = try #require(reply.headers["content-security-policy"])
            #expect(policy.hasPrefix("default-src 'none'; "))
            for element in ["script", "style"] {
                let parts = reply.body.components(separatedBy: "<\(element)>")
                #expect(parts.count == 2)
                let content = try #require(
                    parts.last?.components(separatedBy: "</\(element)>").first
                )
                let digest = Data(SHA256.hash(data: Data(content.utf8))).base64EncodedString()
                #expect(policy.contains("\(element)-src 'sha256-\(digest)';"))
            }
        }
    }

    @Test("the page names nothing that lies elsewhere")
    func selfContained() {
        let text = String(decoding: StaticPage().html, as: UTF8.self)
        for address in ["http:", "https:", "//cdn", "src=", "@import", "url("] {
            #expect(!text.contains(address), "\(address)")
        }
        // One link, the icon, which is empty.
        #expect(text.components(separatedBy: "href=").count == 2)
        #expect(text.contains(#"href="data:,""#))
    }

    @Test("a page without script and style lets none run")
    func noScript() {
        let policy = StaticPage(html: Array("<script src=x></script>".utf8)).contentSecurityPolicy
        #expect(policy.contains("script-src 'none';"))
        #expect(policy.contains("style-src 'none';"))
    }

    @Test("/v1/pruning has no layers before a mask, and every pruned layer after two")
    func pruning() async throws {
        try await RunningServer.with { server in
            let before = try await server.send("/v1/pruning")
            #expect(before.status == 200)
            #expect(before.json[path: "layers"] == .array([]))
            #expect(before.json[path: "max_ratio"].double == 0.5)
            #expect(before.json[path: "mask_scope"].string == "batch")
            for prompt in ["one prompt", "another prompt"] {
                let body = #"{"prompt":"\#(prompt)","max_tokens":4,"pruning":{"ratio":0.5}}"#
                #expect(try await server.send("/v1/completions", body).status == 200)
            }
            let layers = try await Self.layers(server)
            // The first layers are never pruned.
            let numbers = layers.compactMap { $0[path: "layer"].integer }
            #expect(numbers.last == server.model.network.shape.layerCount - 1)
            #expect(numbers == numbers.sorted() && numbers.count == layers.count)
            let share = try #require(layers.last?[path: "mlp", "kept_share"].double)
            #expect((0.2...0.9).contains(share))
            let jaccard = try #require(layers.last?[path: "mlp", "jaccard"].double)
            #expect((0...1).contains(jaccard))
        }
    }

    /// The layers, once the engine has told of them: it does so four times a second.
    private static func layers(_ server: RunningServer) async throws -> [JSONValue] {
        for _ in 0..<200 {
            let layers = try await server.send("/v1/pruning").json[path: "layers"].array ?? []
            if layers.last?[path: "mlp", "jaccard"].double != nil { return layers }
            try await Task.sleep(for: .milliseconds(50))
        }
        return []
    }

    @Test("/v1/pruning wants the key")
    func key() async throws {
        var configuration = RunningServer.configuration
        configuration.apiKeys = ["secret"]
        try await RunningServer.with(configuration) { server in
            #expect(try await server.send("/v1/pruning").status == 401)
            let reply = try await server.send(
                "/v1/pruning",
                headers: ["Authorization": "Bearer secret"]
            )
            #expect(reply.status == 200)
        }
    }
}
