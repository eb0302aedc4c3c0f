import ArgumentParser

/// `sonde evaluate`.
struct EvaluateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "evaluate",
        abstract: "Measure what pruning costs in quality.",
        subcommands: [
            EvaluatePerplexityCommand.self, EvaluateDecodeCommand.self, EvaluateTasksCommand.self,
        ]
    )
}
