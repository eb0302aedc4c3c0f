import Crypto
import Foundation
import NIOCore
import Testing

@testable import ModelFiles

@Suite("Pull from the Hub", .tags(.endToEnd))
struct HubTests {
    private static let contents = (0..<50_000).map { UInt8(truncatingIfNeeded: $0 / 7) }
    private static let sha256 = hexadecimal(SHA256.hash(data: contents))

    /// One row of a listing.
    private static func row(_ path: String, _ size: Int = contents.count, hash: String? = sha256)
        -> String
    {
        let large = hash.map { #", "lfs": {"oid": "\#($0)", "size": \#(size)}"# } ?? ""
        return #"{"type": "file", "path": "\#(path)", "size": \#(size)\#(large)}"#
    }

    private static func listing(
        _ rows: [String],
        link: String? = nil
    ) -> MisbehavingServer.Behaviour {
        .body(
            Array("[\(rows.joined(separator: ","))]".utf8),
            headers: link.map { ["link": $0] } ?? [:]
        )
    }

    private struct Outcome {
        let url: URL?
        let error: ModelFileError?
        let files: [String]
        let requests: [MisbehavingServer.Request]
    }

    private func pull(
        _ name: String,
        _ script: [MisbehavingServer.Behaviour],
        token: String? = nil,
        offline: Bool = false,
        retries: Int = 2,
        before: (URL) throws -> Void = { _ in }
    ) async throws -> Outcome {
        try await MisbehavingServer.run(Self.contents, script) { server in
            try await withTemporaryFolder { folder in
                try before(folder.appending(path: "models/hf/o/r"))
                var environment = ["HF_ENDPOINT": server.address + "/"]
                environment["HF_TOKEN"] = token
                environment["HF_HUB_OFFLINE"] = offline ? "1" : nil
                var hub = Hub(environment: environment)
                hub.retryDelays = Array(repeating: .zero, count: retries)
                hub.timeout = .milliseconds(500)
                let puller = HubPuller(store: ModelStore(folder: folder, known: []), hub: hub)
                var (url, failure): (URL?, ModelFileError?)
                let reference = try #require(try HubReference(name))
                do throws(ModelFileError) {
                    url = try await puller.pull(reference) { _, _ in }
                } catch {
                    failure = error
                }
                let root = folder.appending(path: "models/hf").path
                let all = (try? FileManager.default.subpathsOfDirectory(atPath: root)) ?? []
                return Outcome(
                    url: url,
                    error: failure,
                    files: all.filter { !$0.hasSuffix(".lock") && $0.contains(".") }.sorted(),
                    requests: server.requests
                )
            }
        }
    }

    @Test("fetches the only model of a repository, with the token")
    func single() async throws {
        let rows = [Self.row("a b.gguf"), Self.row("README.md", 3, hash: nil)]
        let outcome = try await pull("hf:o/r", [Self.listing(rows), .serve], token: "secret")
        #expect(outcome.error == nil)
        #expect(outcome.url?.lastPathComponent == "a b.gguf")
        #expect(outcome.files == ["o/r/a b.gguf"])
        #expect(
            outcome.requests.map(\.path) == [
                "/api/models/o/r/tree/main?recursive=1", "/o/r/resolve/main/a%20b.gguf",
            ]
        )
        #expect(outcome.requests.map(\.authorization) == ["Bearer secret", "Bearer secret"])
    }

    @Test("fetches a folder of safetensors, and nothing else of it")
    func folder() async throws {
        let rows = ["config.json", "tokenizer.json", "model.safetensors"].map { Self.row($0) }
        let extra = ["model.onnx", "x.gguf", "README.md", "sub/model.safetensors"].map {
            Self.row($0)
        }
        let outcome = try await pull("hf:o/r", [Self.listing(rows + extra), .serve])
        #expect(outcome.error == nil)
        #expect(outcome.url?.lastPathComponent == "r")
        #expect(
            outcome.files == ["o/r/config.json", "o/r/model.safetensors", "o/r/tokenizer.json"]
        )
    }

    @Test("lists the models when there are several, and fetches all parts of one")
    func choice() async throws {
        let parts = ["m-00001-of-00002.gguf", "m-00002-of-00002.gguf"]
        let rows = (parts + ["q8.gguf"]).map { Self.row($0) }
        let several = try await pull("hf:o/r", [Self.listing(rows)])
        #expect(
            several.error == .ambiguousRepository(name: "hf:o/r", files: [parts[0], "q8.gguf"])
        )
        let one = try await pull("hf:o/r/\(parts[0])", [Self.listing(rows), .serve])
        #expect(one.error == nil)
        #expect(one.files == parts.map { "o/r/\($0)" })
        let absent = try await pull("hf:o/r/q4.gguf", [Self.listing(rows)])
        guard case .noSuchFile("o/r", "q4.gguf", _) = absent.error else {
            Issue.record("another error: \(absent.error as Any)")
            return
        }
        let empty = try await pull("hf:o/r", [Self.listing([])])
        #expect(empty.error == .ambiguousRepository(name: "hf:o/r", files: []))
    }

    @Test("says that access is denied, and what to do", arguments: [401, 403])
    func denied(status: Int) async throws {
        for token in [nil, "x"] {
            let outcome = try await pull("hf:o/r", [.status(status)], token: token)
            guard case .accessDenied("o/r", _, status, token != nil) = outcome.error else {
                Issue.record("another error: \(outcome.error as Any)")
                continue
            }
            #expect(outcome.error?.description.contains("HF_TOKEN") == true)
            #expect(outcome.requests.count == 1)
        }
    }

    @Test("gives up on what is not there, and waits as long as it is asked to")
    func statuses() async throws {
        let absent = try await pull("hf:o/r", [.status(404)])
        guard case .httpStatus(_, 404) = absent.error else {
            Issue.record("another error: \(absent.error as Any)")
            return
        }
        let clock = ContinuousClock()
        let start = clock.now
        let outcome = try await pull(
            "hf:o/r",
            [
                .status(429, headers: ["retry-after": "1"]), Self.listing([Self.row("a.gguf")]),
                .serve,
            ]
        )
        #expect(outcome.error == nil)
        #expect(clock.now - start >= .seconds(1))
    }

    @Test("resumes over broken connections and silence")
    func breaks() async throws {
        let outcome = try await pull(
            "hf:o/r",
            [Self.listing([Self.row("a.gguf")]), .breakAfter(1000), .stallAfter(1000), .serve]
        )
        #expect(outcome.error == nil)
        #expect(outcome.files == ["o/r/a.gguf"])
        #expect(outcome.requests.last?.range != nil)
        let range = try await pull(
            "hf:o/r",
            [
                Self.listing([Self.row("a.gguf")]), .breakAfter(1000),
                .contentRange("bytes 7-9/50000"), .serve,
            ]
        )
        #expect(range.error == nil)
    }

    @Test("deletes what has another hash, by the listing or by the server's tag")
    func hashes() async throws {
        let other = String(repeating: "0", count: 64)
        let listed = try await pull(
            "hf:o/r",
            [Self.listing([Self.row("a.gguf", hash: other)]), .serve]
        )
        #expect(listed.files.isEmpty)
        let tagged = try await pull(
            "hf:o/r",
            [
                Self.listing([Self.row("a.gguf", hash: nil)]),
                .status(302, headers: ["location": "/cdn", "x-linked-etag": "\"\(other)\""]),
                .serve,
            ]
        )
        #expect(tagged.files.isEmpty)
        for outcome in [listed, tagged] {
            guard case .checksumMismatch(_, "SHA-256", other, _) = outcome.error else {
                Issue.record("another error: \(outcome.error as Any)")
                continue
            }
        }
    }

    @Test("refuses a file of another size than listed")
    func sizes() async throws {
        for size in [10, 60_000] {
            let outcome = try await pull(
                "hf:o/r",
                [Self.listing([Self.row("a.gguf", size)]), .serve]
            )
            guard case .wrongSize = outcome.error else {
                Issue.record("another error: \(outcome.error as Any)")
                continue
            }
            #expect(outcome.files.isEmpty)
        }
    }

    @Test("follows redirects, but not for ever, and not away from http")
    func redirects() async throws {
        let listing = Self.listing([Self.row("a.gguf")])
        let near = MisbehavingServer.Behaviour.status(307, headers: ["location": "/elsewhere"])
        let followed = try await pull("hf:o/r", [listing, near, .serve], token: "t")
        #expect(followed.error == nil)
        #expect(followed.requests.last?.path == "/elsewhere")
        #expect(followed.requests.last?.authorization == "Bearer t")
        let loop = try await pull("hf:o/r", [listing, near])
        #expect(loop.requests.count == 7)
        for location in ["file:///etc/passwd", "", "ftp://x/y"] {
            let outcome = try await pull(
                "hf:o/r",
                [listing, .status(302, headers: ["location": location]), .status(410)]
            )
            guard case .badRedirect = outcome.error else {
                Issue.record("another error: \(outcome.error as Any)")
                continue
            }
        }
        guard case .badRedirect = loop.error else {
            Issue.record("another error: \(loop.error as Any)")
            return
        }
    }

    @Test("keeps the token from other servers")
    func foreignRedirect() async throws {
        let outcome = try await MisbehavingServer.run(Self.contents, [.serve]) { other in
            let outcome = try await pull(
                "hf:o/r",
                [
                    Self.listing([Self.row("a.gguf")]),
                    .status(302, headers: ["location": other.address + "/cdn"]),
                ],
                token: "secret"
            )
            #expect(other.requests.map(\.authorization) == [nil])
            return outcome
        }
        #expect(outcome.error == nil)
        #expect(outcome.files == ["o/r/a.gguf"])
    }

    @Test(
        "refuses a listing that leads out of the folder",
        arguments: ["../a.gguf", "/a.gguf", "x/../../a.gguf", "a//b.gguf", "x/./a.gguf", ""]
    )
    func traversal(path: String) async throws {
        let outcome = try await pull("hf:o/r", [Self.listing([Self.row(path)]), .serve])
        guard case .malformed(_, _, "listing", _, _) = outcome.error else {
            Issue.record("another error: \(outcome.error as Any)")
            return
        }
        #expect(outcome.files.isEmpty && outcome.requests.count == 1)
    }

    @Test("refuses a listing that is none", arguments: ["", "{}", "[1]", "[{}]", "<html>"])
    func badListing(text: String) async throws {
        let outcome = try await pull("hf:o/r", [.body(Array(text.utf8))])
        guard case .malformed = outcome.error else {
            Issue.record("another error: \(outcome.error as Any)")
            return
        }
    }

    @Test("reads all parts of a listing, with the token")
    func parts() async throws {
        let outcome = try await pull(
            "hf:o/r",
            [
                Self.listing([Self.row("README.md", 3)], link: "</p?cursor=b>; rel=\"next\""),
                Self.listing(
                    [Self.row("LICENSE", 3)],
                    link: "</p>; rel=\"prev\", </p?cursor=c>; title=\"x\"; rel=\"next\""
                ),
                Self.listing([Self.row("a.gguf")], link: "</p?cursor=b>; rel=\"prev\""), .serve,
            ],
            token: "t"
        )
        #expect(outcome.error == nil)
        #expect(outcome.files == ["o/r/a.gguf"])
        #expect(
            outcome.requests.map(\.path) == [
                "/api/models/o/r/tree/main?recursive=1", "/p?cursor=b", "/p?cursor=c",
                "/o/r/resolve/main/a.gguf",
            ]
        )
        #expect(outcome.requests.allSatisfy { $0.authorization == "Bearer t" })
    }

    @Test("reads no listing for ever")
    func endlessListing() async throws {
        let part = Self.listing([Self.row("a.gguf")], link: "</p>; rel=\"next\"")
        let outcome = try await pull("hf:o/r", [part])
        guard case .malformed(_, _, "listing", _, _) = outcome.error else {
            Issue.record("another error: \(outcome.error as Any)")
            return
        }
        #expect(outcome.requests.count == 20)
    }

    @Test(
        "follows no listing to another server",
        arguments: ["http://127.0.0.1:1/p", "https://example.com/p", "file:///etc/passwd", ""]
    )
    func foreignPart(location: String) async throws {
        let part = Self.listing([Self.row("a.gguf")], link: "<\(location)>; rel=\"next\"")
        let outcome = try await pull("hf:o/r", [part, .status(410)])
        #expect(outcome.requests.count == 1)
        guard case .malformed(_, _, "listing's next part", _, _) = outcome.error else {
            Issue.record("another error: \(outcome.error as Any)")
            return
        }
        #expect(outcome.files.isEmpty)
    }

    @Test("asks nobody when the user wants no network")
    func offline() async throws {
        let absent = try await pull("hf:o/r", [.serve], offline: true)
        #expect(absent.error == .offline(name: "hf:o/r"))
        let present = try await pull("hf:o/r", [.serve], offline: true) { folder in
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            try Data([1]).write(to: folder.appending(path: "a.gguf"))
        }
        #expect(present.url?.lastPathComponent == "a.gguf")
        #expect(absent.requests.isEmpty && present.requests.isEmpty)
    }

    @Test("does not fetch again what is here")
    func again() async throws {
        let outcome = try await pull("hf:o/r", [Self.listing([Self.row("a.gguf")])]) { folder in
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            try Data(Self.contents).write(to: folder.appending(path: "a.gguf"))
        }
        #expect(outcome.error == nil)
        #expect(outcome.requests.count == 1)
    }

    @Test("reads the environment")
    func environment() {
        #expect(Hub(environment: [:]).endpoint == "https://huggingface.co")
        #expect(Hub(environment: ["HF_ENDPOINT": "http://m//"]).endpoint == "http://m")
        #expect(Hub(environment: ["HF_TOKEN": " t\n"]).token == "t")
        for value in ["1", "true", "ON", "yes"] {
            #expect(Hub(environment: ["HF_HUB_OFFLINE": value]).isOffline)
        }
        #expect(!Hub(environment: ["HF_HUB_OFFLINE": "0"]).isOffline)
        #expect(Download.sha256("W/\"abc\"") == nil)
        #expect(Download.sha256("\"\(Self.sha256.uppercased())\"") == Self.sha256)
    }
}
