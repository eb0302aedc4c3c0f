extension Duration {
    /// The duration as a number of seconds.
    public var seconds: Double { self / .seconds(1) }
}
