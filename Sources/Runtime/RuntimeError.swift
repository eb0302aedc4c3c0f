public import Kernels
public import ModelFiles
public import ProbeScheduler
public import Tokenizers

/// Why the runtime could not load, run or read something.
public enum RuntimeError: Error, Equatable, CustomStringConvertible {
    /// The model file is damaged, missing or of a kind that is not supported.
    case model(ModelFileError)
    /// The tokenizer in the model's metadata cannot be used.
    case tokenizer(TokenizerError)
    /// The kernels cannot run as asked.
    case kernel(KernelError)
    /// A mask could not be made in the given layer.
    case mask(MaskError, layer: Int)
    /// The scheduler refuses a request.
    case request(SchedulerError)
    /// A token lies outside the model's vocabulary.
    case tokenOutOfRange(Int32, vocabularySize: Int)
    /// The model has learned fewer positions.
    case positionOutOfRange(Int, limit: Int)
    /// A history file cannot be used.
    case history(HistoryFileError)

    /// One line: what was wrong, where, and what was expected.
    public var description: String {
        switch self {
        case .model(let error): "\(error)"
        case .tokenizer(let error): "\(error)"
        case .kernel(let error): "\(error)"
        case .mask(let error, let layer): "layer \(layer): \(error)"
        case .request(let error): "\(error)"
        case .tokenOutOfRange(let token, let size):
            "token \(token): expected one of the model's \(size), 0...\(size - 1)"
        case .positionOutOfRange(let position, let limit):
            "position \(position): expected one of the model's \(limit), 0...\(limit - 1)"
        case .history(let error): "\(error)"
        }
    }
}
