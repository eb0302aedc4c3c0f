import CPeak
import Kernels

/// What this core does at most, measured at the start of the run.
struct Peak: CustomStringConvertible {
    /// Fused multiply-adds of f32, in operations a second.
    let float: Double
    /// Products of bf16 pairs, where the CPU has them.
    let halves: Double
    /// Products of int16 pairs.
    let pairs: Double
    /// Products of bytes: in fours (VNNI), else in pairs that are added up in int16.
    let bytes: Double
    /// Bytes a second from memory, in four streams.
    let read: Double

    init(instructionSet: InstructionSet) {
        let isWide = instructionSet == .avx512
        float = Self.operations(isWide ? PEAK_FMA_AVX512 : PEAK_FMA_AVX2)
        halves = isWide ? Self.operations(PEAK_BF16) : 0
        pairs = Self.operations(isWide ? PEAK_PAIRS_VNNI : PEAK_PAIRS_AVX2)
        bytes = Self.operations(isWide ? PEAK_BYTES_VNNI : PEAK_BYTES_AVX2)
        let buffer = [UInt8](repeating: 1, count: 256 << 20)
        read = unsafe buffer.withUnsafeBytes { bytes in
            (0..<3).map { _ in
                let start = peak_wall_seconds()
                _ = unsafe peak_read(bytes.baseAddress, bytes.count)
                return Double(bytes.count) / (peak_wall_seconds() - start)
            }.max() ?? 0
        }
    }

    /// The peak that a product with weights of a format is measured against.
    func operations(_ product: Product, _ format: WeightFormat) -> Double {
        switch format {
        case .f32: float
        case .bf16: max(halves, float)
        case .int8: bytes
        case .int4: product == .selectIn ? pairs : bytes
        }
    }

    var description: String {
        let half = halves > 0 ? ", bf16 \(giga(halves)) GFLOP/s" : ""
        return """
            Peak of this core: f32 \(giga(float)) GFLOP/s\(half), int16 pairs \(giga(pairs)) GOP/s, int8 \
            \(giga(bytes)) GOP/s, read \(giga(read)) GB/s.
            """
    }

    private func giga(_ value: Double) -> String { (value * 1e-9).formatted(digits: 1) }

    private static func operations(_ instruction: peak_instruction) -> Double {
        (0..<7).map { _ in
            let start = peak_thread_seconds()
            let count = peak_compute(instruction, 500_000)
            return count / (peak_thread_seconds() - start)
        }.max() ?? 0
    }
}
