extension [Double] {
    /// The middle one; not empty.
    var median: Double { sorted()[count / 2] }
}
