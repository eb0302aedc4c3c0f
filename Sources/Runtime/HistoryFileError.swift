/// Why a history file cannot be read or written.
public enum HistoryFileError: Error, Equatable, CustomStringConvertible {
    /// The operating system refuses.
    case unreadable(path: String, reason: String)
    /// The operating system refuses to write.
    case unwritable(path: String, reason: String)
    /// The file does not begin as a history file does.
    case notAHistory(path: String)
    /// The file is of a version that this program does not know.
    case unsupportedVersion(path: String, found: UInt32, expected: UInt32)
    /// The header cannot be understood.
    case damagedHeader(path: String, reason: String)
    /// The file is shorter or longer than its header says.
    case wrongSize(path: String, found: Int, expected: Int)
    /// A statistic is negative, infinite or not a number.
    case invalidValue(path: String, layer: Int, block: String)
    /// The file was made with another model.
    case anotherModel(path: String, found: String, expected: String)

    /// One line: what was wrong, where, and what was expected.
    public var description: String {
        switch self {
        case .unreadable(let path, let reason): "\(path): cannot read the history: \(reason)"
        case .unwritable(let path, let reason): "\(path): cannot write the history: \(reason)"
        case .notAHistory(let path):
            "\(path): not a history file; expected one that `sonde calibrate` wrote"
        case .unsupportedVersion(let path, let found, let expected):
            "\(path): history version \(found); expected \(expected); calibrate again"
        case .damagedHeader(let path, let reason): "\(path): damaged history header: \(reason)"
        case .wrongSize(let path, let found, let expected):
            "\(path): history of \(found) bytes; its header asks for \(expected)"
        case .invalidValue(let path, let layer, let block):
            "\(path): layer \(layer) \(block) holds a statistic that is negative or not finite"
        case .anotherModel(let path, let found, let expected):
            "\(path): history of model \(found.prefix(12))…; the loaded model is \(expected.prefix(12))…"
        }
    }
}
