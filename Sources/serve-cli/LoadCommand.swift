import ArgumentParser
import AsyncHTTPClient
import Foundation
import LoadGenerator

/// `sonde load`.
struct LoadCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "load",
        abstract: "Put a load on an OpenAI-compatible server and print its latencies.",
        discussion: """
            Requests are streamed /v1/completions with prompts of common words, all different. They come \
            as a trace recorded them (--trace: CSV with TIMESTAMP, ContextTokens, GeneratedTokens), at \
            random with a mean rate (--rate), or from clients that wait for their answers \
            (--concurrency alone). ITL is the gap between two chunks; TPOT is a request's time after its \
            first token, divided by the tokens after it. ^C ends the run and prints what was measured.

            Try:
              sonde load --concurrency 16 --requests 64
              sonde load --rate 2 --requests 100 --goodput ttft:500 --goodput itl:100
              sonde load --url http://127.0.0.1:8000 --trace azure.csv --requests 200 --time-scale 4 --json
            """
    )

    @OptionGroup var options: LoadOptions

    func run() async throws {
        let address = try ServerAddress(options.url)
        let targets = try options.goodput.map { text in try GoodputTarget(text) }
        let plan = try options.plan()
        FileDescriptorLimit.raise()
        let timeout = Duration.seconds(options.timeout)
        let client = HTTPClient(configuration: LoadRun.configuration(timeout: timeout))
        let outcome: Result<LoadReport, any Error>
        do {
            outcome = .success(try await measure(plan, targets, address, client))
        } catch {
            outcome = .failure(error)
        }
        try? await client.shutdown()
        try print(try outcome.get())
    }

    private func measure(
        _ plan: LoadPlan,
        _ targets: [GoodputTarget],
        _ address: ServerAddress,
        _ client: HTTPClient
    ) async throws -> LoadReport {
        var requests = options.requestOptions
        if let model = options.model {
            requests.model = model
        } else {
            requests.model = try await LoadRun(client: client, address: address, options: requests)
                .firstModel()
        }
        if options.warmup > 0 { await warmUp(plan, address, client, requests) }
        Console.note("\(plan.requests.count) requests to \(address), model \(requests.model)")
        let load = LoadRun(client: client, address: address, options: requests)
        let bar = LoadProgress(total: plan.requests.count)
        let task = Task { await load(plan) { bar.count($0) } }
        let interrupt = RunInterruption { task.cancel() }
        let result = await task.value
        interrupt.end()
        bar.finish()
        return LoadReport(result, targets: targets, isOpenLoop: plan.isOpenLoop)
    }

    /// Requests that nothing is measured of; their prompts come in no other request.
    private func warmUp(
        _ plan: LoadPlan,
        _ address: ServerAddress,
        _ client: HTTPClient,
        _ requests: RequestOptions
    ) async {
        var requests = requests
        requests.promptSeed = ~requests.promptSeed
        let warmup = LoadPlan(
            clientCount: min(options.warmup, plan.maxConcurrency ?? options.warmup),
            requests: Array(plan.requests.prefix(options.warmup))
        )
        Console.note("\(warmup.requests.count) requests of warm-up")
        _ = await LoadRun(client: client, address: address, options: requests)(warmup)
    }

    /// - Throws: `RunFailure` when nothing was measured, or not all that was planned.
    private func print(_ report: LoadReport) throws {
        if options.json {
            try JSONOutput.print(report)
        } else {
            Swift.print(report.text)
        }
        if report.unfinished > 0 {
            let ended = report.completed + report.failed
            throw RunFailure("interrupted after \(ended) of \(report.planned) requests")
        }
        if report.completed == 0, let failure = report.failures.first {
            throw RunFailure("no request was completed; \(failure.kind): \(failure.example)")
        }
    }
}
