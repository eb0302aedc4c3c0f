/// What all requests of a run have in common.
public struct RequestOptions: Sendable {
    /// The model's name in the API.
    public var model: String
    /// Sent as a bearer token; nil: none.
    public var apiKey: String?
    /// Sampling temperature; 0: the most likely token.
    public var temperature = 0.0
    /// Asks for answers of full length whatever the model says; a server may ignore it.
    public var ignoresEndOfText = true
    /// Whether a connection serves several requests.
    public var keepsConnections = true
    /// Sent as `pruning.ratio`; nil: not sent.
    public var pruningRatio: Double?
    /// Other seeds give other prompts.
    public var promptSeed: UInt64 = 0
    /// How long a request may take in all.
    public var timeout = Duration.seconds(600)

    /// Options with the given model.
    public init(model: String) {
        self.model = model
    }
}
