import ArgumentParser
import Foundation
import ModelFiles

/// `sonde pull`.
struct PullCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pull",
        abstract: "Fetch a model into the cache ($SONDE_HOME, else ~/.cache/sonde).",
        discussion: """
            The download resumes where it stopped, is checked by SHA-256, and gets its name only when \
            it is complete. Known models: \(KnownModel.all.map { "\($0.name) (\($0.licence))" }
                .joined(separator: ", ")).
            """
    )

    @Argument(help: "Name of the model.")
    var name = ModelOptions.defaultModel

    @Flag(help: "Print one JSON object on standard output, and nothing else there.")
    var json = false

    func run() async throws {
        let store = ModelStore()
        let url = try await Self.pull(name, into: store)
        if json {
            try JSONOutput.print(["name": name, "path": url.path])
        } else {
            print(url.path)
        }
    }

    /// Pulls with a progress bar.
    static func pull(_ name: String, into store: ModelStore) async throws -> URL {
        let bar = ProgressBar("pulling \(name)", unit: .bytes)
        defer { bar.finish() }
        return try await store.pull(name) { received, total in
            bar.update(received, of: total ?? 0)
        }
    }
}
