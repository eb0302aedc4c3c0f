/// How memory and workers are spread over the nodes of a machine that has several.
public enum NUMAMode: String, CaseIterable, Sendable {
    /// Each node holds a share of every matrix's rows and of the KV cache's heads, and works on those.
    case auto
    /// As if the machine had one node.
    case off
    /// As `auto`, but each node holds all weights: more memory, no weight read from afar.
    case replicate
}
