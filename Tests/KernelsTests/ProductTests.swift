import Testing

@testable import Kernels

@Suite("Products")
struct ProductTests {
    private static let sizes = [(1, 65), (3, 33), (7, 17), (17, 7), (33, 3), (65, 1), (65, 33)]
    private static let tokenCounts = [0, 1, 2, 7, 50, 100]

    /// One product's arguments.
    private struct Case: CustomStringConvertible {
        var tokens: Int
        var rows: Int
        var columns: Int
        var keeping: [Int32]?
        var kept: [Int] { keeping?.map(Int.init) ?? Array(0..<rows) }
        var description: String { "\(tokens) tokens, [\(rows), \(columns)], \(keeping ?? [])" }
    }

    /// All sizes with every token count and every kind of kept-list.
    private static var cases: [Case] {
        sizes.flatMap { rows, columns -> [Case] in
            let unsorted = (0..<(rows + 1) / 2).map { Int32((rows - 1 - 2 * $0 + rows) % rows) }
            let lists: [[Int32]?] = [nil, [], [Int32(rows / 2)], unsorted]
            return lists.flatMap { keeping in
                tokenCounts.map {
                    Case(tokens: $0, rows: rows, columns: columns, keeping: keeping)
                }
            }
        }
    }

    @Test(
        "selectOut and gatedUnit agree with double precision",
        arguments: InstructionSet.available,
        WeightFormat.allCases
    )
    func outwardAgrees(set: InstructionSet, format: WeightFormat) throws {
        let compute = try Compute(threadCount: 2, instructionSet: set)
        let rounding = Estimate.Rounding(format, set)
        var numbers = RandomNumbers(seed: 1)
        for item in Self.cases {
            let gate = numbers.weight(item.rows, item.columns, format)
            let up = numbers.weight(item.rows, item.columns, format)
            let tokens = numbers.floats(item.tokens * item.columns)
            let input = Activations(tokens, width: item.columns)
            var product = Activations()
            var gated = Activations()
            compute.selectOut(input, gate, keeping: item.keeping, into: &product)
            compute.gatedUnit(input, gate: gate, up: up, keeping: item.keeping, into: &gated)
            let pairs = item.kept.map { (gate.entries(ofRow: $0), up.entries(ofRow: $0)) }
            var (products, units): ([Estimate], [Estimate]) = ([], [])
            for token in 0..<item.tokens {
                let row = tokens.row(token, width: item.columns)
                for (gateRow, upRow) in pairs {
                    let value = Estimate.dot(row, gateRow, rounding: rounding)
                    products.append(value)
                    units.append(
                        .gated(value, .dot(row, upRow, rounding: rounding))
                    )
                }
            }
            #expect(products.agree(with: product.entries), "selectOut, \(item)")
            #expect(units.agree(with: gated.entries), "gatedUnit, \(item)")
        }
    }

    @Test(
        "selectIn adds what double precision adds",
        arguments: InstructionSet.available,
        WeightFormat.allCases
    )
    func inwardAgrees(set: InstructionSet, format: WeightFormat) throws {
        let compute = try Compute(threadCount: 2, instructionSet: set)
        let rounding = Estimate.Rounding(format, set, outputsAreColumns: true)
        var numbers = RandomNumbers(seed: 2)
        for item in Self.cases {
            let weight = numbers.weight(
                item.rows,
                item.columns,
                format,
                outputsAreColumns: true
            )
            let kept = item.kept.map { weight.entries(ofRow: $0) }
            let tokens = numbers.floats(item.tokens * kept.count)
            let before = numbers.floats(item.tokens * item.columns)
            var input = Activations(rowCount: item.tokens, width: kept.count)
            if !kept.isEmpty { input = Activations(tokens, width: kept.count) }
            var output = Activations(before, width: item.columns)
            compute.selectIn(input, weight, keeping: item.keeping, addingTo: &output)
            var estimates: [Estimate] = []
            for index in before.indices {
                let (token, column) = index.quotientAndRemainder(dividingBy: item.columns)
                var estimate = Estimate.dot(
                    tokens.row(token, width: kept.count),
                    kept.map { $0[column] },
                    rounding: rounding
                )
                estimate.add(before[index])
                estimates.append(estimate)
            }
            #expect(estimates.agree(with: output.entries), "\(item)")
        }
    }

    /// All three products of one weight, as bits.
    private func products(
        _ compute: Compute,
        _ tokens: [Float],
        _ weights: (WeightMatrix, WeightMatrix, WeightMatrix),
        keeping: [Int32]? = nil
    ) -> [[UInt32]] {
        let input = Activations(tokens, width: weights.0.columnCount)
        var product = Activations()
        var gated = Activations()
        compute.selectOut(input, weights.0, keeping: keeping, into: &product)
        compute.gatedUnit(
            input,
            gate: weights.0,
            up: weights.1,
            keeping: keeping,
            into: &gated
        )
        var sum = Activations(rowCount: input.rowCount, width: weights.2.columnCount)
        compute.selectIn(gated, weights.2, keeping: keeping, addingTo: &sum)
        return [product.entries.bits, gated.entries.bits, sum.entries.bits]
    }

    private func weights(
        _ format: WeightFormat,
        _ numbers: inout RandomNumbers
    ) -> (WeightMatrix, WeightMatrix, WeightMatrix) {
        (
            numbers.weight(333, 65, format), numbers.weight(333, 65, format),
            numbers.weight(333, 1_031, format, outputsAreColumns: true)
        )
    }

    @Test(
        "a full ascending kept-list gives what nil gives, bit for bit",
        arguments: InstructionSet.available,
        WeightFormat.allCases
    )
    func fullListIsNil(set: InstructionSet, format: WeightFormat) throws {
        let compute = try Compute(threadCount: 2, instructionSet: set)
        var numbers = RandomNumbers(seed: 3)
        let weights = weights(format, &numbers)
        for count in [1, 7, 50] {
            let tokens = numbers.floats(count * 65)
            #expect(
                products(compute, tokens, weights, keeping: Array(0..<333))
                    == products(compute, tokens, weights)
            )
        }
    }

    @Test(
        "a token gives the same alone as in a batch, bit for bit",
        arguments: InstructionSet.available,
        WeightFormat.allCases
    )
    func tokensAreIndependent(set: InstructionSet, format: WeightFormat) throws {
        let compute = try Compute(threadCount: 2, instructionSet: set)
        var numbers = RandomNumbers(seed: 4)
        let weights = weights(format, &numbers)
        for count in [2, 7, 100] {
            let tokens = numbers.floats(count * 65)
            let batch = products(compute, tokens, weights)
            for token in [0, count / 2, count - 1] {
                let alone = products(compute, tokens.row(token, width: 65), weights)
                let part = batch.map { bits in
                    let width = bits.count / count
                    return Array(bits[token * width..<(token + 1) * width])
                }
                #expect(alone == part, "token \(token) of \(count)")
            }
        }
    }

    @Test(
        "query, key and value together give what three products give, bit for bit",
        arguments: InstructionSet.available,
        WeightFormat.allCases
    )
    func jointProducts(set: InstructionSet, format: WeightFormat) throws {
        let compute = try Compute(threadCount: 3, instructionSet: set)
        var numbers = RandomNumbers(seed: 7)
        let query = numbers.weight(165, 65, format)
        let key = numbers.weight(33, 65, format)
        let value = numbers.weight(1, 65, format)
        let otherFormat: WeightFormat = format == .int8 ? .int4 : .int8
        let other = numbers.weight(33, 65, otherFormat)
        for count in [1, 16, 300] {
            let input = Activations(numbers.floats(count * 65), width: 65)
            for (key, list) in [(key, nil), (key, [164, 0, 17]), (key, []), (other, nil)]
                as [(WeightMatrix, [Int32]?)]
            {
                var queries = Activations()
                var keys = Activations()
                var values = Activations()
                compute.selectOut(
                    input,
                    query: query,
                    keeping: list,
                    key: key,
                    value: value,
                    queries: &queries,
                    keys: &keys,
                    values: &values
                )
                var alone = Activations()
                compute.selectOut(input, query, keeping: list, into: &alone)
                #expect(queries.entries.bits == alone.entries.bits)
                compute.selectOut(input, key, keeping: nil, into: &alone)
                #expect(keys.entries.bits == alone.entries.bits)
                compute.selectOut(input, value, keeping: nil, into: &alone)
                #expect(values.entries.bits == alone.entries.bits)
            }
        }
    }

    @Test(
        "three workers give what one gives, bit for bit",
        arguments: InstructionSet.available,
        WeightFormat.allCases
    )
    func workersAreInvisible(set: InstructionSet, format: WeightFormat) throws {
        let one = try Compute(threadCount: 1, instructionSet: set)
        let three = try Compute(threadCount: 3, instructionSet: set)
        var numbers = RandomNumbers(seed: 5)
        let weights = weights(format, &numbers)
        for count in Self.tokenCounts {
            let tokens = numbers.floats(count * 65)
            for list in [nil, [332, 0, 17, 64, 65, 1]] as [[Int32]?] {
                #expect(
                    products(one, tokens, weights, keeping: list)
                        == products(three, tokens, weights, keeping: list)
                )
            }
        }
    }

    @Test("OpenBLAS agrees with the kernels", arguments: InstructionSet.available)
    func openBLASAgrees(set: InstructionSet) throws {
        let kernels = try Compute(threadCount: 2, instructionSet: set)
        let blas = try Compute(threadCount: 2, instructionSet: set, backend: .blas)
        var numbers = RandomNumbers(seed: 6)
        for (rows, columns) in Self.sizes {
            for count in Self.tokenCounts {
                let entries = numbers.floats(rows * columns)
                let tokens = numbers.floats(count * columns)
                let input = Activations(tokens, width: columns)
                var ours = Activations()
                var theirs = Activations()
                let weight = WeightMatrix(entries, format: .f32, columnCount: columns)
                kernels.selectOut(input, weight, keeping: nil, into: &ours)
                blas.selectOut(input, weight, keeping: nil, into: &theirs)
                let bounds = (0..<count * rows).map { index -> Estimate in
                    let (token, row) = index.quotientAndRemainder(dividingBy: rows)
                    return Estimate.dot(
                        tokens.row(token, width: columns),
                        entries.row(row, width: columns)
                    )
                }
                #expect(theirs.rowCount == count && theirs.width == rows)
                #expect(bounds.agree(with: theirs.entries))
                // The transposed product of the same matrix, on top of something.
                let inputs = Activations(numbers.floats(count * rows), width: rows)
                var sum = Activations(tokens, width: columns)
                var theirSum = Activations(tokens, width: columns)
                kernels.selectIn(inputs, weight, keeping: nil, addingTo: &sum)
                blas.selectIn(inputs, weight, keeping: nil, addingTo: &theirSum)
                let tolerance = 1e-6 * Float(rows + 10)
                #expect(
                    zip(sum.entries, theirSum.entries).allSatisfy { abs($0 - $1) <= tolerance }
                )
            }
        }
    }

    @Test(
        "a library that is missing, or is not OpenBLAS, is named with what it lacks",
        arguments: [("libnowhere.so.0", "libnowhere.so.0"), ("libm.so.6", "cblas_sgemm")]
    )
    func openBLASMissing(library: String, named: String) throws {
        let error = try #require(throws: KernelError.self) {
            try OpenBLAS(library: library, threadCount: 1)
        }
        guard case .openBLASUnavailable(let reason) = error else {
            Issue.record("\(error)")
            return
        }
        #expect(reason.contains(library) && reason.contains(named))
        #expect("\(error)".hasSuffix(": " + reason))
    }

    @Test("OpenBLAS gates as the kernels do, and leaves them what is pruned")
    func openBLASGates() throws {
        let kernels = try Compute(threadCount: 1)
        let blas = try Compute(threadCount: 1, backend: .blas)
        var numbers = RandomNumbers(seed: 8)
        let gate = WeightMatrix(numbers.floats(24 * 40), format: .f32, columnCount: 40)
        let up = WeightMatrix(numbers.floats(24 * 40), format: .f32, columnCount: 40)
        let input = Activations(numbers.floats(5 * 40), width: 40)
        for activation in [GateActivation.silu, .gelu] {
            for kept in [nil, [3, 1, 23]] as [[Int32]?] {
                var ours = Activations()
                var theirs = Activations()
                kernels.gatedUnit(
                    input,
                    gate: gate,
                    up: up,
                    activation: activation,
                    keeping: kept,
                    into: &ours
                )
                blas.gatedUnit(
                    input,
                    gate: gate,
                    up: up,
                    activation: activation,
                    keeping: kept,
                    into: &theirs
                )
                #expect(zip(ours.entries, theirs.entries).allSatisfy { abs($0 - $1) < 1e-4 })
                if kept != nil { #expect(ours.entries == theirs.entries) }
            }
        }
    }
}
