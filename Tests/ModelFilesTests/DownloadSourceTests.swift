import AsyncHTTPClient
import NIOHTTP1
import Testing

@testable import ModelFiles

@Suite("DownloadSource")
struct DownloadSourceTests {
    @Test("keeps credentials out of the address, and sends them as a header")
    func credentials() throws {
        let source = try DownloadSource("http://user:pass@127.0.0.1:8080/a.whl?key=1#sha256=2")
        #expect(source.shownAddress == "http://127.0.0.1:8080/a.whl")
        let request = source.request(from: 5)
        #expect(request.url == "http://127.0.0.1:8080/a.whl?key=1")
        #expect(request.headers.first(name: "range") == "bytes=5-")
        #expect(request.headers.first(name: "authorization") == "Basic dXNlcjpwYXNz")
        #expect(source.request(from: 0).headers.first(name: "range") == nil)
    }

    @Test(
        "refuses other schemes without showing the address",
        arguments: ["ftp://u:p@h/x", "x", ""]
    )
    func schemes(address: String) {
        let error = #expect(throws: ModelFileError.self) { try DownloadSource(address) }
        #expect(error?.description.contains("u:p") == false)
    }

    @Test("reads paths of local files, with their escapes")
    func localPath() throws {
        #expect(try DownloadSource("file:///a%20b/c.whl").localPath == "/a b/c.whl")
        #expect(try DownloadSource("https://127.0.0.1/c.whl").localPath == nil)
    }

    @Test("takes credentials along to the same server alone, and never gives up encryption")
    func redirected() throws {
        func authorization(_ location: String, token: String?) throws -> String? {
            var source = try DownloadSource("https://user:pass@a.example/x")
            source.token = token
            let target = try #require(source.redirected(to: location))
            return target.request(from: 0).headers.first(name: "authorization")
        }
        for location in ["/y", "y", "https://a.example/y", "https://A.example/y"] {
            #expect(try authorization(location, token: "t") == "Bearer t")
            #expect(try authorization(location, token: nil) == "Basic dXNlcjpwYXNz")
        }
        for location in [
            "https://b.example/y", "//b.example/y", "https://a.example:8443/y",
            "https://a.example.b.example/y", "https://evil:pw@b.example/y",
        ] {
            #expect(try authorization(location, token: "t") == nil)
            #expect(try authorization(location, token: nil) == nil)
        }
        let source = try DownloadSource("https://a.example/x")
        for location in ["http://a.example/y", "file:///y", "ftp://a.example/y"] {
            #expect(source.redirected(to: location) == nil)
        }
    }

    @Test("finds the proxy that the environment names")
    func proxy() throws {
        let source = try DownloadSource("https://a.example/x")
        func proxy(_ environment: [String: String]) -> HTTPClient.Configuration.Proxy? {
            source.proxy(environment: environment)
        }
        #expect(proxy([:]) == nil)
        #expect(proxy(["HTTPS_PROXY": ""]) == nil)
        #expect(proxy(["http_proxy": "http://p:1"]) == nil)
        #expect(proxy(["HTTPS_PROXY": "http://p:3128"]) == .server(host: "p", port: 3128))
        #expect(proxy(["https_proxy": "p:3128"]) == .server(host: "p", port: 3128))
        #expect(proxy(["ALL_PROXY": "http://p"]) == .server(host: "p", port: 80))
        #expect(proxy(["https_proxy": "socks5://p:1"]) == nil)
        let named = proxy(["https_proxy": "http://u:w@p:1"])
        #expect(named?.authorization == .basic(username: "u", password: "w"))
    }

    @Test(
        "leaves the proxy out for the hosts that the environment names",
        arguments: [
            ("*", true), ("a.example", true), ("b, .example", true), ("example", true),
            ("b.example", false), ("xample", false), (",", false), ("", false),
        ]
    )
    func noProxy(value: String, isExempt: Bool) throws {
        let source = try DownloadSource("https://A.example/x")
        let environment = ["https_proxy": "http://p:1", "no_proxy": value]
        #expect((source.proxy(environment: environment) == nil) == isExempt)
    }

    @Test("reads ranges, and refuses those that make no sense")
    func ranges() {
        let range = ContentRange("bytes 5-9/10")
        #expect(range?.first == 5 && range?.last == 9 && range?.total == 10)
        #expect(ContentRange("bytes 5-9/*")?.total == nil)
        for value in [
            "", "bytes 9-5/10", "bytes 5-10/10", "bytes x-9/10", "bytes 5-9/99999999999999999999",
        ] {
            #expect(ContentRange(value) == nil || ContentRange(value)?.total == nil, "\(value)")
        }
        #expect(ContentRange.unsatisfiedTotal("bytes */7") == 7)
        #expect(ContentRange.unsatisfiedTotal("bytes 1-2/7") == nil)
    }
}
