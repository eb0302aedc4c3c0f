import ArgumentParser
import Foundation

/// The command line.
@main
struct Sonde: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sonde",
        abstract:
            "Batched text generation on CPUs that runs only the heads and channels a batch needs.",
        discussion: """
            A small probe of each batch decides which attention heads and MLP channels matter for it \
            (Probe Pruning, ICLR 2025); the batch runs on those alone.

            Try:
              sonde generate "The Eiffel Tower is located in"
              sonde generate --chat --prompt-file prompts.txt --prune-ratio 0.2 --compare
              sonde evaluate perplexity --text book.txt --prune-ratio 0.4 --json

            Results go to standard output, progress and warnings to standard error. Exit codes: 0 done, \
            1 failed while running, 2 bad input, 64 wrong usage.
            """,
        version: "0.1.0",
        subcommands: [
            PullCommand.self, InspectCommand.self, GenerateCommand.self, CalibrateCommand.self,
            EvaluateCommand.self, PruneCommand.self, SweepCommand.self, BenchCommand.self,
            ServeCommand.self, LoadCommand.self,
        ]
    )

    /// Runs a command; every failure ends in one line and the exit code of its kind.
    static func main() async {
        Interruption.install()
        do {
            try await run(try parseAsRoot())
        } catch {
            end(error)
        }
    }

    private static func run(_ parsed: any ParsableCommand) async throws {
        if var command = parsed as? any AsyncParsableCommand {
            try await command.run()
            return
        }
        var command = parsed
        try command.run()
    }

    private static func end(_ error: any Error) -> Never {
        guard let failure = error as? any CommandFailure else { exit(withError: error) }
        Console.error("\(failure)")
        Foundation.exit(failure.exitCode)
    }
}
