import Testing

extension Tag {
    /// Many inputs, one law.
    @Tag static var property: Self
    /// Real files or sockets.
    @Tag static var endToEnd: Self
    /// Numbers from another implementation; the script that made them lies beside them.
    @Tag static var golden: Self
}
