public import ProbeScheduler
public import Runtime

/// Everything an operator chooses; checked, and with the model's own sizes filled in.
public struct ServerConfiguration: Sendable {
    /// Address to listen on.
    public var host = "127.0.0.1"
    /// Port to listen on; 0: any free one.
    public var port = 8_080
    /// The model's name in the API.
    public var servedModelName = "default"

    // MARK: Bounds

    /// Sequences that run at once.
    public var maxNumSeqs = 16
    /// Tokens of one prefill step; what a running answer waits for at most.
    public var maxNumBatchedTokens = 1024
    /// Most tokens of a sequence, prompt included.
    public var maxModelLength = 2_048
    /// Blocks of the KV cache.
    public var blockCount = 2_048
    /// Requests that wait; more are refused with 429.
    public var maxWaitingRequests = 256
    /// Prompt tokens that wait; more are refused with 429.
    public var maxWaitingTokens = 262_144
    /// Bytes of a request's body.
    public var maxBodyByteCount = 4 << 20
    /// Largest `n`.
    public var maxChoices = 16
    /// Bytes of the vocabulary's longest token.
    public var longestTokenByteCount = 256

    // MARK: Pruning

    /// Ratio of requests that name none.
    public var pruneRatio = 0.0
    /// Larger ratios are cut to this.
    public var maxPruneRatio = 0.5
    /// Scope of requests that name none.
    public var maskScope = MaskScope.batch
    /// The method's name in `usage.pruning`.
    public var method = "pp"
    /// The ratio rises while times to first token exceed this; nil: it does not.
    public var targetTimeToFirstToken: Duration?
    /// The ratio rises while inter-token latencies exceed this; nil: it does not.
    public var targetInterTokenLatency: Duration?
    /// What the engine does beyond pruning as asked.
    public var safeguards = PruningSafeguards()

    // MARK: Access

    /// Keys that open the API; none: everyone may use it.
    public var apiKeys: [String] = []
    /// Origin that browsers may call from; `*`: all; nil: none.
    public var allowedOrigin: String?
    /// PEM files of the certificate chain and its key; nil: plain HTTP.
    public var tls: (certificatePath: String, keyPath: String)?

    // MARK: Times

    /// How long running requests may go on after SIGTERM.
    public var shutdownTimeout = Duration.seconds(30)
    /// `/health/live` fails when work waits and no layer of a step has run for this long.
    public var stallTimeout = Duration.seconds(4)
    /// A connection that sends nothing, or half a request, is closed after this.
    public var idleTimeout = Duration.seconds(60)

    /// The defaults.
    public init() {}
}
