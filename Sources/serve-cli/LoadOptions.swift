import ArgumentParser
import Foundation
import LoadGenerator
import Runtime

/// Options of `sonde load`.
struct LoadOptions: ParsableArguments {
    @Option(help: "The server, such as http://127.0.0.1:8080.")
    var url = "http://127.0.0.1:8080"

    @Option(help: "The model's name in the API. (default: the first that the server names)")
    var model: String?

    @Option(help: "Sent as a bearer token.")
    var apiKey: String?

    @Option(help: "Arrivals and lengths from a CSV file; '--requests' takes its first lines.")
    var trace: String?

    @Option(help: "A trace's times are multiplied by this; 0.5: twice as fast.")
    var timeScale = 1.0

    @Option(help: "Random arrivals, so many a second.")
    var rate: Double?

    @Option(help: "Requests at once; without --trace or --rate each client waits for its answer.")
    var concurrency: Int?

    @Option(help: "Requests in all. (default: 64; a trace's own)")
    var requests: Int?

    @Option(help: "Requests before these that are not measured.")
    var warmup = 0

    @Option(help: "Words of a prompt, which are about its tokens.")
    var promptTokens = 128

    @Option(help: "Tokens of an answer.")
    var outputTokens = 64

    @Option(help: "Cuts a trace's prompts.")
    var maxPromptTokens: Int?

    @Option(help: "Cuts a trace's answers.")
    var maxOutputTokens: Int?

    @Flag(help: "Let answers end where the model ends them, instead of asking for full length.")
    var stopAtEos = false

    @Flag(
        name: .customLong("no-keep-alive"),
        help: "A connection for each request, for a server that closes them without saying so."
    )
    var noKeepAlive = false

    @Option(help: "Sampling temperature.")
    var temperature = 0.0

    @Option(help: "Ask for this pruning ratio in the body. (default: not sent)")
    var pruningRatio: Double?

    @Option(
        help: ArgumentHelp(
            "Bound on a latency, such as ttft:500, itl:100 or e2e:5000. May be given repeatedly.",
            valueName: "measure:ms"
        )
    )
    var goodput: [String] = []

    @Option(help: "Seconds that a request may take.")
    var timeout = 600.0

    @Option(help: "Seed of arrivals and prompts.")
    var seed: UInt64 = 0

    @Option(help: "What is said on standard error: info, warning (and worse), or error alone.")
    var logLevel = LogLevel.info

    @Flag(help: "Print one JSON object on standard output, and nothing else there.")
    var json = false

    private static let lengths = 1...10_000_000

    mutating func validate() throws {
        Console.setLevel(logLevel)
        try check("--requests", requests, in: 1...10_000_000)
        try check("--concurrency", concurrency, in: 1...65_536)
        try check("--warmup", warmup, in: 0...10_000_000)
        try check("--prompt-tokens", promptTokens, in: Self.lengths)
        try check("--output-tokens", outputTokens, in: Self.lengths)
        try check("--max-prompt-tokens", maxPromptTokens, in: Self.lengths)
        try check("--max-output-tokens", maxOutputTokens, in: Self.lengths)
        guard trace == nil || rate == nil else {
            throw ValidationError("--trace and --rate: give one of them")
        }
        guard trace != nil || (maxPromptTokens == nil && maxOutputTokens == nil) else {
            throw ValidationError("--max-prompt-tokens and --max-output-tokens are for --trace")
        }
        guard timeScale >= 0, timeScale <= 1_000_000 else {
            throw ValidationError("--time-scale \(timeScale): expected 0 to 1000000")
        }
        if let rate, !(rate >= 0.000_1 && rate <= 1_000_000) {
            throw ValidationError("--rate \(rate): expected 0.0001 to 1000000 requests a second")
        }
        if let pruningRatio, !(0..<1).contains(pruningRatio) {
            throw ValidationError("--pruning-ratio \(pruningRatio): expected 0 ≤ R < 1")
        }
        guard (0...2).contains(temperature) else {
            throw ValidationError("--temperature \(temperature): expected 0 to 2")
        }
        guard timeout > 0, timeout <= 86_400 else {
            throw ValidationError("--timeout \(timeout): expected more than 0, at most 86400 s")
        }
        guard apiKey?.utf8.allSatisfy({ (0x21...0x7e).contains($0) }) ?? true else {
            throw ValidationError("--api-key: expected printable ASCII without spaces")
        }
    }

    private func check(_ name: String, _ value: Int?, in range: ClosedRange<Int>) throws {
        guard let value, !range.contains(value) else { return }
        throw ValidationError(
            "\(name) \(value): expected \(range.lowerBound) to \(range.upperBound)"
        )
    }

    /// What is sent, and when.
    ///
    /// - Throws: `LoadError` for a trace that cannot be read.
    func plan() throws -> LoadPlan {
        if let trace {
            let recorded = try ArrivalTrace(path: trace, limit: requests ?? .max)
            let scaled = recorded.scaled(
                by: timeScale,
                maxPromptTokens: maxPromptTokens,
                maxOutputTokens: maxOutputTokens
            )
            return LoadPlan(arrivals: scaled, maxConcurrency: concurrency)
        }
        let one = PlannedRequest(promptTokenCount: promptTokens, outputTokenCount: outputTokens)
        let all = [PlannedRequest](repeating: one, count: requests ?? 64)
        guard let rate else { return LoadPlan(clientCount: concurrency ?? 1, requests: all) }
        var generator = SplitMix64(seed: seed)
        let times = PoissonArrivals(rate: rate).times(all.count, using: &generator)
        let arrivals = zip(all, times).map { request, time in
            var request = request
            request.arrival = time
            return request
        }
        return LoadPlan(arrivals: arrivals, maxConcurrency: concurrency)
    }

    /// What all requests have in common; the model's name is still open.
    var requestOptions: RequestOptions {
        var result = RequestOptions(model: model ?? "")
        result.apiKey = apiKey
        result.temperature = temperature
        result.ignoresEndOfText = !stopAtEos
        result.keepsConnections = !noKeepAlive
        result.pruningRatio = pruningRatio
        result.promptSeed = seed
        result.timeout = .seconds(timeout)
        return result
    }
}
