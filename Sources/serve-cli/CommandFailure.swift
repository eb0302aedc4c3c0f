import Evaluation
import Foundation
import Kernels
import LoadGenerator
import ModelFiles
import ProbeScheduler
import Runtime
import StaticPruning
import Tokenizers

/// An error that a command ends with: one line, and an exit code.
protocol CommandFailure: Error, CustomStringConvertible {
    /// 1: failed while running; 2: the input is bad.
    var exitCode: Int32 { get }
}

/// Input that no library type speaks for.
struct BadInput: CommandFailure {
    let description: String
    var exitCode: Int32 { 2 }

    init(_ description: String) {
        self.description = description
    }
}

/// Something that failed though the input was good.
struct RunFailure: CommandFailure {
    let description: String
    var exitCode: Int32 { 1 }

    init(_ description: String) {
        self.description = description
    }
}

extension ModelFileError: CommandFailure {
    var exitCode: Int32 {
        switch self {
        case .system, .packageClientMissing, .packageClientFailed, .packageReportInvalid,
            .unsupportedAddress, .httpStatus, .connection, .checksumMismatch, .diskFull, .cancelled,
            .accessDenied, .offline, .badRedirect:
            1
        default: 2
        }
    }
}

extension TokenizerError: CommandFailure {
    var exitCode: Int32 { 2 }
}

extension EvaluationError: CommandFailure {
    var exitCode: Int32 { 2 }
}

extension StaticPruningError: CommandFailure {
    var exitCode: Int32 {
        if case .mask = self { 1 } else { 2 }
    }
}

extension HistoryMergeError: CommandFailure {
    var exitCode: Int32 { 2 }
}

extension KernelError: CommandFailure {
    var exitCode: Int32 {
        switch self {
        case .instructionSetUnavailable, .invalidThreadCount, .openBLASUnavailable: 2
        case .threadCreationFailed, .outOfMemory: 1
        }
    }
}

extension HistoryFileError: CommandFailure {
    var exitCode: Int32 {
        if case .unwritable = self { 1 } else { 2 }
    }
}

extension LoadError: CommandFailure {
    var exitCode: Int32 {
        if case .unreachableServer = self { 1 } else { 2 }
    }
}

extension RuntimeError: CommandFailure {
    var exitCode: Int32 {
        switch self {
        case .model(let error): error.exitCode
        case .tokenizer(let error): error.exitCode
        case .kernel(let error): error.exitCode
        case .history(let error): error.exitCode
        case .mask: 1
        case .request, .tokenOutOfRange, .positionOutOfRange: 2
        }
    }
}
