import Foundation

/// The templates of real models, which `fetch-chat-templates.py` brings if the cache lacks them.
enum ChatTemplateCache {
    private static let folder = Result {
        let home =
            ProcessInfo.processInfo.environment["SONDE_HOME"].map { URL(filePath: $0) }
            ?? FileManager.default.homeDirectoryForCurrentUser.appending(path: ".cache/sonde")
        let folder = home.appending(path: "chat-templates")
        let last = folder.appending(path: "unsloth-mistral-Devstral-Small-2507.jinja")
        if !FileManager.default.fileExists(atPath: last.path) { try fetch() }
        return folder
    }

    static func template(_ file: String) throws -> String {
        String(
            decoding: try Data(contentsOf: folder.get().appending(path: file)),
            as: UTF8.self
        )
    }

    private static func fetch() throws {
        let script = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "fetch-chat-templates.py").path
        let process = try Process.run(
            URL(filePath: "/usr/bin/env"),
            arguments: ["python3", script]
        )
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw FetchError(status: process.terminationStatus)
        }
    }

    private struct FetchError: Error {
        var status: Int32
    }
}
