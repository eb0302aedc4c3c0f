/// The three products that the linear layers are made of.
enum Product: String, CaseIterable {
    /// q: rows are outputs.
    case selectOut = "select-out"
    /// gate and up, and the activation.
    case gatedUnit = "gate+up"
    /// down: rows are inputs.
    case selectIn = "select-in"
}
