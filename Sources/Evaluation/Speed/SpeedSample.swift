/// One repetition of a speed test.
public struct SpeedSample: Sendable {
    /// Timed tokens of all sequences.
    public let tokenCount: Int
    /// Wall time of the forward passes and the output head.
    public let seconds: Double
    /// CPU time of the process over the same steps, all threads; sampling included.
    public let cpuSeconds: Double

    /// Tokens of all sequences a second.
    public var tokensPerSecond: Double { Double(tokenCount) / seconds }
}
