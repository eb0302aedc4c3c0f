import Foundation
import Testing

@testable import Kernels

@Suite("Compute")
struct ComputeTests {
    @Test("refuses a worker count out of bounds", arguments: [-1, 0, 1_025, Int.max, Int.min])
    func refusesThreadCounts(count: Int) {
        #expect(throws: KernelError.invalidThreadCount(count, limit: 1_024)) {
            try Compute(threadCount: count)
        }
    }

    @Test("refuses an instruction set that this CPU lacks, and takes those that it has")
    func refusesInstructionSets() throws {
        for set in InstructionSet.allCases {
            let available = InstructionSet.available
            if available.contains(set) {
                let compute = try Compute(threadCount: 1, instructionSet: set)
                #expect(compute.instructionSet == set)
            } else {
                #expect(throws: KernelError.instructionSetUnavailable(set, available: available)) {
                    try Compute(threadCount: 1, instructionSet: set)
                }
            }
        }
    }

    @Test("takes the best instruction set by default")
    func takesTheBest() throws {
        let compute = try Compute(threadCount: 2)
        #expect(compute.instructionSet == InstructionSet.available.max())
        #expect(compute.threadCount == 2)
        #expect(InstructionSet.available.first == .scalar)
        #expect(InstructionSet.available == InstructionSet.available.sorted())
    }

    /// What the system says of an x86 CPU; empty for others.
    private static let cpuFlags: Set<Substring> = {
        let text = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)) ?? ""
        let line = text.split(separator: "\n").first { $0.hasPrefix("flags") }
        return Set(line?.split(separator: " ") ?? [])
    }()

    @Test(
        "falls to AVX2 where the CPU has no AVX-512",
        .enabled(
            if: cpuFlags.isSuperset(of: ["avx2", "fma"]) && !cpuFlags.contains("avx512f"),
            "needs a CPU with AVX2 and without AVX-512: make test-numa emulates one"
        )
    )
    func fallsToAVX2() throws {
        #expect(InstructionSet.available == [.scalar, .avx2])
        #expect(try Compute(threadCount: 1).instructionSet == .avx2)
    }

    @Test("errors say what was found and expected")
    func describesErrors() {
        #expect(
            KernelError.instructionSetUnavailable(.avx512, available: [.scalar, .avx2]).description
                == "this CPU has no avx512; it has scalar, avx2"
        )
        #expect(
            KernelError.invalidThreadCount(0, limit: 8).description == "0 threads; expected 1 to 8"
        )
        #expect(
            KernelError.threadCreationFailed(code: 11).description
                == "cannot start a worker thread (error 11)"
        )
        #expect(
            KernelError.outOfMemory(byteCount: 3).description == "cannot map 3 bytes of memory"
        )
    }
}
