internal import CKernels
import Foundation

extension Compute {
    /// The cosines and sines that turn heads, for rows at given positions.
    ///
    /// Angles are computed in double, so positions up to 2^31 lose nothing.
    ///
    /// - Parameters:
    ///   - positions: One a row.
    ///   - inverseFrequencies: What a pair turns from one position to the next, in radians; a list
    ///     for every kind of rotation.
    ///   - angles: Reshaped to one row a position; for each list its cosines, then its sines.
    public func rotaryAngles(
        positions: [Int32],
        inverseFrequencies: [[Float]],
        into angles: inout Activations
    ) {
        let width = inverseFrequencies.reduce(0) { $0 + 2 * $1.count }
        angles.reshape(rowCount: positions.count, width: width)
        let base = unsafe angles.mutableBase
        forEachRow(positions.count) { row in
            // SAFETY: a row holds two entries a pair; every row is written by one task.
            var entry = unsafe base + row * width
            for frequencies in inverseFrequencies {
                for (pair, frequency) in frequencies.enumerated() {
                    let angle = Double(positions[row]) * Double(frequency)
                    unsafe entry[pair] = Float(cos(angle))
                    unsafe entry[frequencies.count + pair] = Float(sin(angle))
                }
                unsafe entry += 2 * frequencies.count
            }
        }
    }

    /// Norms and rotates projected queries and keys in place, and stores keys and values.
    ///
    /// A row takes all of it at once: with few tokens, workers would wait longer for each other between one
    /// step and the next than they would work.
    ///
    /// - Parameters:
    ///   - queries: `[rows, heads × headDim]`, updated in place.
    ///   - keys: `[rows, kvHeads × headDim]`, updated in place.
    ///   - values: Of the keys' shape.
    ///   - placement: How.
    ///   - angles: `[rows, ...]`, from `rotaryAngles`; without a rotation they are not read.
    ///   - slots: `block × blockSize + offset` of each row; no two are the same.
    ///   - store: Receives keys and values.
    ///   - layer: Layer of the store.
    public func placeHeads(
        queries: inout Activations,
        keys: inout Activations,
        values: borrowing Activations,
        _ placement: HeadPlacement,
        angles: borrowing Activations,
        slots: [Int32],
        in store: inout KVStore,
        layer: Int
    ) {
        let dimension = store.headDimension
        check(keys: keys, values: values, slots: slots, store, layer)
        precondition(queries.rowCount == slots.count, "one row of queries a slot")
        precondition(queries.width.isMultiple(of: dimension), "whole heads")
        if let rotation = placement.rotation {
            let end = rotation.firstColumn + 2 * rotation.pairCount
            precondition(angles.rowCount == slots.count, "one row of angles a row")
            precondition(
                rotation.pairCount >= 0 && rotation.firstColumn >= 0 && end <= angles.width,
                "the angles lie within their row"
            )
            precondition(2 * rotation.pairCount <= dimension, "pairs lie within a head")
        }
        precondition(
            (placement.queryNorm?.gain.count ?? dimension) == dimension
                && (placement.keyNorm?.gain.count ?? dimension) == dimension,
            "one gain an entry"
        )
        let (queryWidth, keyWidth, angleWidth) = (queries.width, keys.width, angles.width)
        let (query, key) = unsafe (queries.mutableBase, keys.mutableBase)
        let (value, turns) = unsafe (values.base, angles.base)
        forEachRow(slots.count) { row in
            // SAFETY: shapes are checked above; every row is written by one task.
            unsafe place(
                query + row * queryWidth,
                width: queryWidth,
                dimension,
                placement.queryNorm,
                placement.rotation,
                turns + row * angleWidth
            )
            unsafe place(
                key + row * keyWidth,
                width: keyWidth,
                dimension,
                placement.keyNorm,
                placement.rotation,
                turns + row * angleWidth
            )
            unsafe store.write(
                key: key + row * keyWidth,
                value: value + row * keyWidth,
                slot: Int(slots[row]),
                layer: layer
            )
        }
    }

    /// Stores one row of keys and of values a slot.
    ///
    /// - Parameters:
    ///   - keys: `[rows, kvHeads × headDim]`.
    ///   - values: Likewise.
    ///   - slots: `block × blockSize + offset` of each row; no two are the same.
    ///   - store: Receives them.
    ///   - layer: Layer of the store.
    public func write(
        keys: borrowing Activations,
        values: borrowing Activations,
        slots: [Int32],
        to store: inout KVStore,
        layer: Int
    ) {
        check(keys: keys, values: values, slots: slots, store, layer)
        let (key, value, width) = unsafe (keys.base, values.base, keys.width)
        forEachRow(slots.count) { row in
            // SAFETY: layer, slots and shapes are checked above; slots are written by one task each.
            unsafe store.write(
                key: key + row * width,
                value: value + row * width,
                slot: Int(slots[row]),
                layer: layer
            )
        }
    }

    // MARK: - Steps

    private func check(
        keys: borrowing Activations,
        values: borrowing Activations,
        slots: [Int32],
        _ store: borrowing KVStore,
        _ layer: Int
    ) {
        let width = store.kvHeadCount * store.headDimension
        precondition(layer >= 0 && layer < store.layerCount, "layer out of range")
        precondition(keys.rowCount == slots.count && keys.width == width, "[slots, width]")
        precondition(values.rowCount == slots.count && values.width == width, "[slots, width]")
        let slotCount = store.blockCount * store.blockSize
        precondition(slots.allSatisfy { $0 >= 0 && Int($0) < slotCount }, "slot out of range")
    }

    /// Norms and rotates the heads of one row.
    private func place(
        _ heads: UnsafeMutablePointer<Float>,
        width: Int,
        _ dimension: Int,
        _ norm: HeadPlacement.Norm?,
        _ rotation: HeadPlacement.Rotation?,
        _ angles: UnsafePointer<Float>
    ) {
        if let norm { unsafe normRuns(of: heads, width: width, norm.gain, norm.epsilon) }
        guard let rotation else { return }
        let (kernels, pairs) = unsafe (kernels, rotation.pairCount)
        let cosines = unsafe angles + rotation.firstColumn
        let sines = unsafe cosines + pairs
        let headCount = width / dimension
        // SAFETY: as the caller has checked.
        switch rotation.layout {
        case .interleaved:
            unsafe kernels.rotate(heads, headCount, dimension, pairs, cosines, sines)
        case .halves:
            unsafe kernels.rotate_halves(heads, headCount, dimension, pairs, cosines, sines)
        }
    }
}
