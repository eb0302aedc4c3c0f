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

    @Argument(help: "Name of a known model, or hf:ORG/REPO[/FILE].")
    var name = ModelOptions.defaultModel

    @Flag(
        name: .customLong("accept-license"),
        help: "Accept the terms of a model that demands it."
    )
    var acceptsLicence = false

    @Flag(help: "Print one JSON object on standard output, and nothing else there.")
    var json = false

    func run() async throws {
        let store = ModelStore()
        let url: URL
        do {
            url = try await Self.pull(name, into: store, acceptsLicence: acceptsLicence)
        } catch let error as ModelFileError {
            guard Self.isAccepted(error) else { throw error }
            url = try await Self.pull(name, into: store, acceptsLicence: true)
        }
        if json {
            try JSONOutput.print(["name": name, "path": url.path])
        } else {
            print(url.path)
        }
    }

    /// Pulls with a progress bar.
    static func pull(
        _ name: String,
        into store: ModelStore,
        acceptsLicence: Bool = false
    ) async throws -> URL {
        let bar = ProgressBar("pulling \(name)", unit: .bytes)
        defer { bar.finish() }
        return try await store.pull(name, acceptsLicence: acceptsLicence) { received, total in
            bar.update(received, of: total ?? 0)
        }
    }

    /// Asks the person at the terminal whether they accept a model's terms.
    private static func isAccepted(_ error: ModelFileError) -> Bool {
        guard case .licenceNotAccepted(let name, let licence, let address) = error,
            Console.isInteractive, isatty(STDIN_FILENO) == 1
        else { return false }
        Console.note("\(name) comes under the \(licence): \(address)")
        Console.note("type yes if you accept them:")
        return readLine()?.trimmingCharacters(in: .whitespaces).lowercased() == "yes"
    }
}
