/// A binary heap of integers, smallest first.
struct MinimumHeap {
    private var keys: [UInt64] = []

    /// Adds a key.
    ///
    /// - Complexity: O(log *n*).
    mutating func insert(_ key: UInt64) {
        var index = keys.count
        keys.append(key)
        while index > 0 {
            let parent = (index - 1) / 2
            guard key < keys[parent] else { break }
            keys[index] = keys[parent]
            index = parent
        }
        keys[index] = key
    }

    /// Removes the smallest key; `nil` when there is none.
    ///
    /// - Complexity: O(log *n*).
    mutating func popMinimum() -> UInt64? {
        guard let last = keys.popLast() else { return nil }
        guard let smallest = keys.first else { return last }
        var index = 0
        while true {
            var child = 2 * index + 1
            guard child < keys.count else { break }
            if child + 1 < keys.count, keys[child + 1] < keys[child] { child += 1 }
            guard keys[child] < last else { break }
            keys[index] = keys[child]
            index = child
        }
        keys[index] = last
        return smallest
    }
}
