/// Where a text stops being JSON, or goes beyond what its reader allows.
public struct JSONTextError: Error, Equatable {
    /// Bytes from the start of the text.
    public var offset: Int
    /// What would have fitted there.
    public var expected: String
    /// What is there.
    public var found: String
}
