internal import CKernels
import Foundation

extension Compute {
    /// The cosines and sines that `rotate` takes, for rows at given positions.
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

    /// Rotates the first pairs of every head by the angles of its row; the rest stays as it is.
    ///
    /// - Parameters:
    ///   - activations: `[rows, heads × headDim]`, updated in place.
    ///   - headDimension: Width of a head.
    ///   - layout: Which entries are pairs.
    ///   - angles: Of as many rows, from `rotaryAngles`.
    ///   - firstColumn: Where in a row of `angles` this rotation's cosines begin.
    ///   - pairCount: Pairs that are rotated; at most half a head.
    public func rotate(
        _ activations: inout Activations,
        headDimension: Int,
        layout: RotaryLayout,
        angles: borrowing Activations,
        firstColumn: Int,
        pairCount: Int
    ) {
        precondition(angles.rowCount == activations.rowCount, "one row of angles a row")
        precondition(
            pairCount >= 0 && firstColumn >= 0 && firstColumn + 2 * pairCount <= angles.width,
            "the angles lie within their row"
        )
        precondition(2 * pairCount <= headDimension, "pairs lie within a head")
        precondition(activations.width.isMultiple(of: headDimension), "whole heads")
        let (kernels, headCount) = unsafe (kernels, activations.width / headDimension)
        let (x, width) = unsafe (activations.mutableBase, activations.width)
        let (cosines, stride) = unsafe (angles.base + firstColumn, angles.width)
        forEachRow(activations.rowCount) { row in
            // SAFETY: shapes are checked above; every row is written by one task.
            let (row, cosines) = unsafe (x + row * width, cosines + row * stride)
            let sines = unsafe cosines + pairCount
            switch layout {
            case .interleaved:
                unsafe kernels.rotate(row, headCount, headDimension, pairCount, cosines, sines)
            case .halves:
                unsafe kernels.rotate_halves(
                    row,
                    headCount,
                    headDimension,
                    pairCount,
                    cosines,
                    sines
                )
            }
        }
    }
}
