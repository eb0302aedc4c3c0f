import Foundation
import ProbeScheduler
public import Runtime

/// How a text was predicted while it was decoded, and what that cost.
public struct DecodeResult: Sendable {
    /// Decode steps that follow each other.
    public struct Stretch: Sendable {
        /// The first of them, counted from the prompt's end.
        public let firstStep: Int
        /// Steps.
        public fileprivate(set) var stepCount = 0
        /// Sum of the negative log-likelihoods of the predicted tokens, in nats.
        public fileprivate(set) var sum = 0.0
        /// Tokens predicted.
        public fileprivate(set) var tokenCount = 0
        /// Overlaps of the blocks' masks, summed, and how many.
        fileprivate var overlaps = (sum: 0.0, count: 0)

        /// `exp` of the mean negative log-likelihood.
        public var perplexity: Double { exp(sum / Double(tokenCount)) }

        /// Mean over blocks and batches of |A ∩ B| ÷ |A ∪ B|, where A is the mask in force at the end of
        /// the stretch and B the one that its tokens would have been given; nil: no mask is composed.
        public var maskOverlap: Double? {
            overlaps.count == 0 ? nil : overlaps.sum / Double(overlaps.count)
        }
    }

    /// Stretches of decode steps, in order.
    public private(set) var stretches: [Stretch] = []
    /// Mean negative log-likelihood of each window, in nats a token.
    public private(set) var windowMeans: [Double] = []
    /// Work and time of the prefills.
    public var prefillReport: ForwardReport
    /// Work and time of the decode steps.
    public var decodeReport: ForwardReport
    private let stretchLength: Int

    init(stretchLength: Int, shape: ModelShape) {
        self.stretchLength = stretchLength
        prefillReport = ForwardReport(shape: shape)
        decodeReport = prefillReport
    }

    /// Tokens predicted in all.
    public var tokenCount: Int { stretches.reduce(0) { $0 + $1.tokenCount } }

    /// Mean negative log-likelihood over all decoded tokens, in nats a token.
    public var negativeLogLikelihood: Double {
        stretches.reduce(0) { $0 + $1.sum } / Double(tokenCount)
    }

    /// `exp` of the mean negative log-likelihood.
    public var perplexity: Double { exp(negativeLogLikelihood) }

    /// Standard error of the perplexity, windows taken as independent, to first order.
    public var perplexityStandardError: Double {
        perplexity * windowMeans.standardErrorOfMean
    }

    /// Decoded tokens a second, output head included.
    public var decodeTokensPerSecond: Double {
        let time = decodeReport.forwardDuration + decodeReport.headDuration
        return Double(tokenCount) / time.seconds
    }

    /// Takes the likelihoods of one step, a window each; step 0 begins a batch.
    mutating func add(_ likelihoods: [Double], step: Int) {
        let index = step / stretchLength
        if index == stretches.count { stretches.append(Stretch(firstStep: step)) }
        stretches[index].stepCount = max(
            stretches[index].stepCount,
            step - stretches[index].firstStep + 1
        )
        stretches[index].sum += likelihoods.reduce(0, +)
        stretches[index].tokenCount += likelihoods.count
        if step == 0 { windowMeans += likelihoods.map { _ in 0 } }
        let first = windowMeans.count - likelihoods.count
        for (window, value) in likelihoods.enumerated() {
            let mean = windowMeans[first + window]
            windowMeans[first + window] = mean + (value - mean) / Double(step + 1)
        }
    }

    /// Compares the masks in force with those that a stretch's own tokens would have been given.
    mutating func addDrift(
        from masks: [PrunableBlock: ChannelMask],
        to own: [PrunableBlock: ChannelMask],
        step: Int
    ) {
        for (block, mask) in masks {
            guard let other = own[block] else { continue }
            stretches[step / stretchLength].overlaps.sum += mask.jaccard(with: other)
            stretches[step / stretchLength].overlaps.count += 1
        }
    }
}
