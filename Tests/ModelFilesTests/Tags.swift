import Testing

extension Tag {
    /// Many inputs, one law.
    @Tag static var property: Self
    /// Real files or sockets.
    @Tag static var endToEnd: Self
}
