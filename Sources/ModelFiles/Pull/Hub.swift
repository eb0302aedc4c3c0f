import Foundation
import JSONText
import NIOCore

/// The Hugging Face Hub, or a mirror of it.
struct Hub: Sendable {
    /// `$HF_ENDPOINT`, else the public one; no slash at the end.
    let endpoint: String
    /// `$HF_TOKEN`; sent to the endpoint alone.
    let token: String?
    /// `$HF_HUB_OFFLINE`: nothing is asked for.
    let isOffline: Bool

    var retryDelays: [Duration]?
    var timeout: TimeAmount?
    private let environment: [String: String]

    /// A listing is small; more than this is something else.
    private static let listingLimit = 1 << 24

    /// Parts of a listing, of a thousand files each.
    private static let listingPartLimit = 20

    init(environment: [String: String] = ProcessInfo.processInfo.environment) {
        func value(_ name: String) -> String? {
            let value = environment[name]?.trimmingCharacters(in: .whitespacesAndNewlines)
            return value.flatMap { $0.isEmpty ? nil : $0 }
        }
        var endpoint = value("HF_ENDPOINT") ?? "https://huggingface.co"
        while endpoint.hasSuffix("/") { endpoint.removeLast() }
        self.endpoint = endpoint
        token = value("HF_TOKEN")
        let switches = ["1", "true", "yes", "on"]
        isOffline = switches.contains(value("HF_HUB_OFFLINE")?.lowercased() ?? "")
        self.environment = environment
    }

    /// A file of a repository.
    struct File: Sendable, Equatable {
        /// Inside the repository; leads nowhere else.
        let path: String
        let byteCount: Int
        /// Of files in large-file storage; nil for the others.
        let sha256: String?
    }

    /// Lists all files of a repository.
    ///
    /// - Parameters:
    ///   - repository: `ORG/REPO`.
    ///   - scratch: A file for the answer; gone afterwards.
    /// - Returns: The files, in the order of the listing.
    /// - Throws: `ModelFileError`, also when a path leads out of the repository.
    func files(
        of repository: String,
        scratch: String
    ) async throws(ModelFileError) -> [File] {
        let shown = "\(endpoint)/api/models/\(repository)"
        var source = try source("/api/models/\(Self.escaped(repository))/tree/main?recursive=1")
        var files: [File] = []
        for _ in 0..<Self.listingPartLimit {
            PullFolder.remove(scratch)
            defer { PullFolder.remove(scratch) }
            let answer = try await fetch(
                source,
                of: repository,
                to: scratch,
                limit: Self.listingLimit
            ) { _, _ in }
            let bytes = try MappedFile(path: scratch)
            let listing = try JSONReader.read(bytes.bytes(in: 0..<bytes.count), path: shown)
            files += try Self.files(in: listing, path: shown)
            guard let location = answer.next else { return files }
            guard let next = source.next(at: location) else {
                throw .malformed(
                    path: shown,
                    offset: 0,
                    field: "listing's next part",
                    expected: "an address of the same server",
                    found: location
                )
            }
            source = next
        }
        throw .malformed(
            path: shown,
            offset: 0,
            field: "listing",
            expected: "at most \(Self.listingPartLimit) parts",
            found: "more"
        )
    }

    static func files(
        in listing: JSONValue,
        path shown: String
    ) throws(ModelFileError) -> [File] {
        func bad(_ expected: String, _ found: String) -> ModelFileError {
            .malformed(
                path: shown,
                offset: 0,
                field: "listing",
                expected: expected,
                found: found
            )
        }
        guard let entries = listing.array else { throw bad("array", listing.kind) }
        var files: [File] = []
        for entry in entries {
            guard let path = entry["path"]?.string else {
                throw bad("objects with a path", entry.kind)
            }
            guard HubReference.isSafe(path) else { throw bad("a path inside the folder", path) }
            guard entry["type"]?.string == "file" else { continue }
            let large = entry["lfs"]
            let size = large?["size"]?.integer ?? entry["size"]?.integer
            guard let size, size >= 0 else { throw bad("a size of \(path)", "none") }
            files.append(
                File(
                    path: path,
                    byteCount: size,
                    sha256: large?["oid"]?.string.flatMap(Download.sha256)
                )
            )
        }
        return files
    }

    /// Fetches one file.
    ///
    /// - Returns: The SHA-256 that the server names, if it does.
    func fetch(
        _ file: File,
        of repository: String,
        to path: String,
        progress: PullProgress
    ) async throws(ModelFileError) -> String? {
        try await fetch(
            source("/\(Self.escaped(repository))/resolve/main/\(Self.escaped(file.path))"),
            of: repository,
            to: path,
            limit: file.byteCount,
            progress: progress
        ).sha256
    }

    private func source(_ target: String) throws(ModelFileError) -> DownloadSource {
        var source = try DownloadSource(endpoint + target)
        source.token = token
        return source
    }

    private func fetch(
        _ source: DownloadSource,
        of repository: String,
        to path: String,
        limit: Int,
        progress: PullProgress
    ) async throws(ModelFileError) -> Download.Answer {
        var download = Download(source: source, path: path, limit: limit)
        download.retryDelays = retryDelays ?? download.retryDelays
        download.timeout = timeout ?? download.timeout
        download.environment = environment
        do throws(ModelFileError) {
            return try await download.run(progress: progress)
        } catch {
            throw explained(error, repository)
        }
    }

    /// Says what the Hub means by a status.
    private func explained(_ error: ModelFileError, _ repository: String) -> ModelFileError {
        switch error {
        case .httpStatus(let address, let status) where status == 401 || status == 403:
            .accessDenied(
                repository: repository,
                address: address,
                status: status,
                hasToken: token != nil
            )
        default: error
        }
    }

    private static func escaped(_ path: String) -> String {
        var allowed = CharacterSet.alphanumerics
        allowed.insert(charactersIn: "-._~/")
        return path.addingPercentEncoding(withAllowedCharacters: allowed) ?? path
    }
}
