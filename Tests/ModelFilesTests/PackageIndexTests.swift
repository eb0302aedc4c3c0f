import Foundation
import Testing

@testable import ModelFiles

@Suite("PackageIndex")
struct PackageIndexTests {
    private func wheel(_ script: String) async throws -> PackageIndex.Wheel {
        try await withTemporaryFolder { folder in
            let client = try PackageClient(in: folder, script: script)
            return try await client.index.wheel(of: "thing", version: "1.2")
        }
    }

    @Test("asks for one version without its dependencies, and reads address and hash")
    func asks() async throws {
        try await withTemporaryFolder { folder in
            let client = try PackageClient(in: folder, wheel: "file:///x.whl", sha256: "AB")
            let wheel = try await client.index.wheel(of: "thing", version: "1.2")
            #expect(wheel == .init(address: "file:///x.whl", sha256: "ab"))
            let arguments = String(decoding: try Data(contentsOf: client.log), as: UTF8.self)
            #expect(arguments.hasPrefix("install --dry-run --no-deps --ignore-installed --quiet"))
            #expect(arguments.hasSuffix("--report - thing==1.2\n"))
        }
    }

    @Test("passes on what the client calls errors")
    func fails() async throws {
        let error = ModelFileError.packageClientFailed(
            package: "thing==1.2",
            status: 3,
            message: "ERROR: a ERROR: b"
        )
        await #expect(throws: error) {
            try await wheel("echo 'WARNING: w\nERROR: a\nERROR: b' >&2; exit 3")
        }
        let plain = ModelFileError.packageClientFailed(
            package: "thing==1.2",
            status: 1,
            message: "y z"
        )
        await #expect(throws: plain) { try await wheel("echo 'y\nz' >&2; exit 1") }
    }

    @Test("says so when there is no Python, or no client in it")
    func missing() async throws {
        let index = PackageIndex(command: ["no-such-program-anywhere", "-m", "pip"])
        let error = await #expect(throws: ModelFileError.self) {
            try await index.wheel(of: "a", version: "1")
        }
        guard case .packageClientMissing("no-such-program-anywhere -m pip", _) = error else {
            Issue.record("another error: \(error as Any)")
            return
        }
        let noClient = await #expect(throws: ModelFileError.self) {
            try await wheel("echo 'python3: No module named pip' >&2; exit 1")
        }
        guard case .packageClientMissing = noClient else {
            Issue.record("another error: \(noClient as Any)")
            return
        }
    }

    @Test("survives a client that says a great deal on both streams")
    func loud() async throws {
        let report = #"{"install": [{"download_info": {"url": "file:///x"}}]}"#
        let noise =
            "i=0; while [ $i -lt 3000 ]; do echo 0123456789012345678901234567890123456789 >&2;"
        let found = try await wheel("\(noise) echo; i=$((i+1)); done; echo '\(report)'")
        #expect(found == .init(address: "file:///x", sha256: nil))
    }

    @Test(
        "says what is wrong with a report",
        arguments: [
            ("", "report"), ("[]", "report"), ("{\"install\": 1}", "report"),
            ("{\"install\": []}", "install"), ("{\"install\": [{}]}", "report"),
        ]
    )
    func reports(output: String, field: String) async throws {
        let error = await #expect(throws: ModelFileError.self) {
            try await wheel("echo '\(output)'")
        }
        guard case .packageReportInvalid("thing==1.2", field, _) = error else {
            Issue.record("another error: \(error as Any)")
            return
        }
    }

    @Test("ends the client when the task is cancelled")
    func cancellation() async throws {
        try await withTemporaryFolder { folder in
            let client = try PackageClient(in: folder, script: "exec sleep 600")
            let index = client.index
            let task = Task { () async -> ModelFileError? in
                do throws(ModelFileError) {
                    _ = try await index.wheel(of: "thing", version: "1")
                    return nil
                } catch {
                    return error
                }
            }
            // The log shows that the client runs.
            while !FileManager.default.fileExists(atPath: client.log.path) { await Task.yield() }
            task.cancel()
            #expect(await task.value == .cancelled(path: "thing==1"))
        }
    }

    @Test("does not start a client for a task that is cancelled already")
    func cancelledBefore() async throws {
        let task = Task { () async -> ModelFileError? in
            while !Task.isCancelled { await Task.yield() }
            do throws(ModelFileError) {
                _ = try await PackageIndex(command: ["false"]).wheel(of: "thing", version: "1")
                return nil
            } catch {
                return error
            }
        }
        task.cancel()
        #expect(await task.value == .cancelled(path: "thing==1"))
    }
}
