import Foundation
import ProbeScheduler
import Runtime

/// What a run cost, in a user's terms.
struct RunSummary {
    let result: BatchGeneration.Result

    init(_ result: BatchGeneration.Result) {
        self.result = result
    }

    /// Tokens of prompts a second.
    var prefillSpeed: Double {
        Double(result.prefillTokens) / max(1e-9, seconds(result.prefill))
    }

    /// Tokens generated a second, over all sequences.
    var decodeSpeed: Double {
        Double(result.decodeTokens) / max(1e-9, seconds(result.decode))
    }

    /// Work of prefill and decode together.
    var multiplyAdds: MultiplyAdds {
        var sum = result.prefill.multiplyAdds
        sum += result.decode.multiplyAdds
        return sum
    }

    /// One line.
    var line: String {
        String(
            format: "prefill %.0f tokens/s, decode %.0f tokens/s, multiply-adds %.1f %% of dense "
                + "(probe %.2f %%)",
            prefillSpeed,
            decodeSpeed,
            100 * multiplyAdds.realisedRatio,
            100 * multiplyAdds.probeRatio
        )
    }

    private func seconds(_ report: ForwardReport) -> Double {
        (report.forwardDuration + report.headDuration).seconds
    }
}
