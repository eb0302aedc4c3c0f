import Crypto
import Foundation
import Testing

@testable import ModelFiles

@Suite("Pull", .tags(.endToEnd))
struct PullTests {
    private static let contents = (0..<100_000).map { UInt8(truncatingIfNeeded: $0 / 3) }

    private static let wheel: [UInt8] = {
        var writer = ZipWriter()
        writer.members = [
            .init(name: "pkg/__init__.py", contents: []),
            .init(name: "pkg/model.gguf", contents: contents, isDeflated: true),
        ]
        return writer.bytes
    }()

    private static func sha256(_ bytes: [UInt8]) -> String {
        hexadecimal(SHA256.hash(data: bytes))
    }

    private static func model(
        sha256 hash: String? = nil,
        wheel: [UInt8] = wheel,
        wheelHash: String? = nil,
        member: String = "pkg/model.gguf"
    ) -> KnownModel {
        KnownModel(
            name: "tiny",
            packages: [
                KnownModel.Package(
                    name: "tiny-package",
                    version: "1",
                    member: member,
                    byteCount: contents.count,
                    wheelByteCount: wheel.count,
                    wheelSHA256: wheelHash ?? sha256(wheel)
                )
            ],
            sha256: hash ?? sha256(contents),
            licence: "MIT"
        )
    }

    /// The files in the store afterwards, but for the lock.
    private func files(_ store: ModelStore) -> [String] {
        let all = try? FileManager.default.contentsOfDirectory(atPath: store.modelsFolder.path)
        return (all ?? ["unreadable"]).filter { !$0.hasSuffix(".lock") }.sorted()
    }

    private func withPuller(
        _ model: KnownModel = model(),
        address: String? = nil,
        reported: String? = nil,
        _ body: (Puller) async throws -> Void
    ) async throws {
        try await withTemporaryFolder { folder in
            let wheel = folder.appending(path: "a wheel.whl")
            try Data(Self.wheel).write(to: wheel)
            let client = try PackageClient(
                in: folder,
                wheel: address ?? wheel.absoluteString,
                sha256: reported ?? model.packages[0].wheelSHA256
            )
            let store = ModelStore(folder: folder.appending(path: "store"), known: [model])
            try await body(Puller(store: store, index: client.index, retryDelays: [.zero, .zero]))
        }
    }

    @Test("takes a model out of a wheel on this machine, and leaves nothing else behind")
    func local() async throws {
        try await withPuller { puller in
            let url = try await puller.pull("tiny") { _, _ in }
            #expect(Array(try Data(contentsOf: url)) == Self.contents)
            #expect(files(puller.store) == ["tiny.gguf"])
            #expect(try puller.store.resolve("tiny") == url)
        }
    }

    @Test("takes a model out of a wheel on a server, over broken connections")
    func remote() async throws {
        try await MisbehavingServer.run(Self.wheel, [.status(500), .breakAfter(50), .serve]) {
            server in
            try await withPuller(address: server.address + "/x.whl") { puller in
                let url = try await puller.pull("tiny") { _, _ in }
                #expect(Array(try Data(contentsOf: url)) == Self.contents)
                #expect(files(puller.store) == ["tiny.gguf"])
                #expect(server.requests.count == 3)
            }
        }
    }

    @Test("does not pull what is here, and pulls again what is damaged")
    func again() async throws {
        try await withPuller { puller in
            let url = try await puller.pull("tiny") { _, _ in }
            let absent = Puller(store: puller.store, index: PackageIndex(command: ["false"]))
            #expect(try await absent.pull("tiny") { _, _ in } == url)
            var damaged = Self.contents
            damaged[5] ^= 1
            try Data(damaged).write(to: url)
            await #expect(throws: ModelFileError.self) { try await absent.pull("tiny") { _, _ in } }
            _ = try await puller.pull("tiny") { _, _ in }
            #expect(Array(try Data(contentsOf: url)) == Self.contents)
        }
    }

    @Test("pulls once when many ask at once")
    func together() async throws {
        try await MisbehavingServer.run(Self.wheel, [.serve]) { server in
            try await withPuller(address: server.address) { puller in
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for _ in 0..<8 {
                        group.addTask { _ = try await puller.pull("tiny") { _, _ in } }
                    }
                    try await group.waitForAll()
                }
                #expect(server.requests.count == 1)
                #expect(files(puller.store) == ["tiny.gguf"])
            }
        }
    }

    @Test("stops waiting for the lock when the task is cancelled")
    func cancelledWait() async throws {
        try await withPuller { puller in
            _ = try await puller.pull("tiny") { _, _ in }
            let path = puller.store.modelsFolder.appending(path: "tiny.lock").path
            let lock = try await FileLock(path: path)
            let task = Task { () async -> ModelFileError? in
                do throws(ModelFileError) {
                    _ = try await puller.pull("tiny") { _, _ in }
                    return nil
                } catch {
                    return error
                }
            }
            task.cancel()
            #expect(await task.value == .cancelled(path: path))
            withExtendedLifetime(lock) {}
        }
    }

    @Test("names the models that it knows")
    func unknown() async throws {
        try await withPuller { puller in
            let error = ModelFileError.unknownModel(name: "x", known: ["tiny"], pulled: [])
            await #expect(throws: error) { try await puller.pull("x") { _, _ in } }
            await #expect(throws: error) { try await puller.store.pull("x") }
        }
    }

    @Test("refuses an index that reports another wheel, before anything is downloaded")
    func otherWheel() async throws {
        try await withPuller(reported: "00") { puller in
            let error = ModelFileError.checksumMismatch(
                path: "tiny-package",
                algorithm: "SHA-256",
                expected: Self.model().packages[0].wheelSHA256,
                found: "00"
            )
            await #expect(throws: error) { try await puller.pull("tiny") { _, _ in } }
            #expect(files(puller.store) == [])
        }
    }

    @Test("deletes a wheel whose hash is wrong")
    func wrongWheel() async throws {
        var wheel = Self.wheel
        wheel[100] ^= 1
        try await MisbehavingServer.run(wheel, [.serve]) { server in
            try await withPuller(address: server.address) { puller in
                let error = ModelFileError.checksumMismatch(
                    path: puller.store.modelsFolder.appending(path: "tiny.partial").path,
                    algorithm: "SHA-256",
                    expected: Self.model().packages[0].wheelSHA256,
                    found: Self.sha256(wheel)
                )
                await #expect(throws: error) { try await puller.pull("tiny") { _, _ in } }
                #expect(files(puller.store) == [])
            }
        }
    }

    @Test("deletes a wheel that ends early")
    func shortWheel() async throws {
        let short = Array(Self.wheel.dropLast())
        try await MisbehavingServer.run(short, [.serve]) { server in
            try await withPuller(address: server.address) { puller in
                let error = ModelFileError.wrongSize(
                    path: puller.store.modelsFolder.appending(path: "tiny.partial").path,
                    expected: Self.wheel.count,
                    found: short.count
                )
                await #expect(throws: error) { try await puller.pull("tiny") { _, _ in } }
                #expect(files(puller.store) == [])
            }
        }
    }

    @Test("refuses a local wheel of another size, or none")
    func localWheel() async throws {
        try await withPuller(address: "file:///dev/null") { puller in
            await #expect(throws: ModelFileError.notRegularFile(path: "/dev/null")) {
                try await puller.pull("tiny") { _, _ in }
            }
        }
        let model = Self.model(wheel: Self.wheel + [1], wheelHash: "")
        try await withPuller(model) { puller in
            let error = await #expect(throws: ModelFileError.self) {
                try await puller.pull("tiny") { _, _ in }
            }
            guard case .wrongSize(_, model.wheelByteCount, Self.wheel.count) = error else {
                Issue.record("another error: \(error as Any)")
                return
            }
        }
    }

    @Test("refuses a model of another hash or a wheel without it, and leaves no such file")
    func wrongModel() async throws {
        try await withPuller(Self.model(sha256: "11")) { puller in
            let error = await #expect(throws: ModelFileError.self) {
                try await puller.pull("tiny") { _, _ in }
            }
            guard case .checksumMismatch(_, "SHA-256", "11", _) = error else {
                Issue.record("another error: \(error as Any)")
                return
            }
            #expect(!files(puller.store).contains("tiny.gguf"))
            #expect(!files(puller.store).contains("tiny.unpacking"))
        }
        try await withPuller(Self.model(member: "pkg/other.gguf")) { puller in
            await #expect(throws: ModelFileError.self) { try await puller.pull("tiny") { _, _ in } }
            #expect(!files(puller.store).contains("tiny.gguf"))
        }
    }

    /// A model in two packages, each with half of it in a wheel on this machine.
    private func withHalves(_ body: (Puller) async throws -> Void) async throws {
        try await withTemporaryFolder { folder in
            var packages: [KnownModel.Package] = []
            var script = "case \"$*\" in\n"
            for (index, half) in [Self.contents.prefix(40_000), Self.contents.dropFirst(40_000)]
                .enumerated()
            {
                var writer = ZipWriter()
                writer.members = [.init(name: "part", contents: Array(half), isDeflated: true)]
                let wheel = writer.bytes
                let url = folder.appending(path: "half\(index).whl")
                try Data(wheel).write(to: url)
                let package = KnownModel.Package(
                    name: "half\(index)",
                    version: "1",
                    member: "part",
                    byteCount: half.count,
                    wheelByteCount: wheel.count,
                    wheelSHA256: Self.sha256(wheel)
                )
                packages.append(package)
                script += """
                    *half\(index)*) echo '{"install": [{"download_info": {"url": \
                    "\(url.absoluteString)"}}]}';;

                    """
            }
            let client = try PackageClient(in: folder, script: script + "esac")
            let model = KnownModel(
                name: "halves",
                packages: packages,
                sha256: Self.sha256(Self.contents),
                licence: "Terms",
                termsAddress: "https://terms.example"
            )
            let store = ModelStore(folder: folder.appending(path: "store"), known: [model])
            try await body(Puller(store: store, index: client.index, retryDelays: []))
        }
    }

    @Test("joins a model from its packages, once its terms are accepted")
    func halves() async throws {
        try await withHalves { puller in
            let refusal = ModelFileError.licenceNotAccepted(
                name: "halves",
                licence: "Terms",
                address: "https://terms.example"
            )
            await #expect(throws: refusal) { try await puller.pull("halves") { _, _ in } }
            #expect(files(puller.store) == [])
            var consenting = puller
            consenting.acceptsLicence = true
            let url = try await consenting.pull("halves") { _, _ in }
            #expect(Array(try Data(contentsOf: url)) == Self.contents)
            #expect(files(puller.store) == ["halves.gguf"])
            // What is here needs no second consent.
            #expect(try await puller.pull("halves") { _, _ in } == url)
        }
    }

    @Test("asks for room on the disk first")
    func room() async throws {
        try await withPuller { puller in
            var puller = puller
            puller.freeSpace = { _ in 1000 }
            let error = ModelFileError.diskFull(
                path: puller.store.modelsFolder.path,
                needed: Self.wheel.count + Self.contents.count,
                available: 1000
            )
            await #expect(throws: error) { try await puller.pull("tiny") { _, _ in } }
        }
    }

    @Test("says so when the store cannot be made")
    func folder() async throws {
        try await withTemporaryFolder { folder in
            let file = folder.appending(path: "file")
            try Data().write(to: file)
            let store = ModelStore(folder: file, known: [Self.model()])
            let error = await #expect(throws: ModelFileError.self) { try await store.pull("tiny") }
            guard case .system("create the folder", _, _) = error else {
                Issue.record("another error: \(error as Any)")
                return
            }
        }
    }

    @Test("keeps what arrived when it is cancelled, and resumes from there")
    func cancellation() async throws {
        try await MisbehavingServer.run(Self.wheel, [.stallAfter(100), .serve]) { server in
            try await withPuller(address: server.address) { puller in
                let (arrivals, arrived) = AsyncStream.makeStream(of: Int.self)
                let task = Task { () async -> ModelFileError? in
                    do throws(ModelFileError) {
                        _ = try await puller.pull("tiny") { count, _ in arrived.yield(count) }
                        return nil
                    } catch {
                        return error
                    }
                }
                for await count in arrivals where count == 100 { break }
                task.cancel()
                let partial = puller.store.modelsFolder.appending(path: "tiny.partial").path
                #expect(await task.value == .cancelled(path: partial))
                #expect(files(puller.store) == ["tiny.partial"])
                _ = try await puller.pull("tiny") { _, _ in }
                #expect(files(puller.store) == ["tiny.gguf"])
                #expect(server.requests.last?.range == "bytes=100-")
            }
        }
    }
}
