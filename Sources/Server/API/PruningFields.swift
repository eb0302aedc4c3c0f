import ProbeScheduler

/// The fields of a request that say how it is pruned.
struct PruningFields {
    /// Ratio asked for; nil: the server's own.
    let ratio: Double?
    /// Scope asked for; nil: the server's own.
    let scope: MaskScope?

    /// - Parameters:
    ///   - fields: The body: `pruning.ratio`, `pruning.mask_scope`, or `mask_scope` at the top.
    ///   - header: Value of `X-Pruning-Ratio`; the body goes before it.
    /// - Throws: `APIError` 400 that names the field.
    init(_ fields: FieldReader, header: String?) throws(APIError) {
        let pruning = try fields.object("pruning")
        let limit = 0.99
        var ratio = try pruning?.number("ratio", in: 0...limit)
        if ratio == nil, let header {
            guard let value = Double(header), (0...limit).contains(value) else {
                throw .invalid("X-Pruning-Ratio", "expected a number from 0 to \(limit)")
            }
            ratio = value
        }
        self.ratio = ratio
        var name = try fields.string("mask_scope")
        if let nested = try pruning?.string("mask_scope") { name = nested }
        scope = name.flatMap(MaskScope.init)
        if name != nil, scope == nil {
            throw .invalid("mask_scope", "expected 'batch' or 'sequence'")
        }
    }
}
