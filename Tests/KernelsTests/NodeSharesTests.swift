import Testing

@testable import Kernels

@Suite("NodeShares")
struct NodeSharesTests {
    @Test("splits in proportion to the weights, in whole grains")
    func splits() {
        let even = NodeShares(576, weights: [2, 2], grain: 32)
        #expect((even[0], even[1]) == (0..<288, 288..<576))
        let uneven = NodeShares(100, weights: [1, 3], grain: 32)
        #expect((uneven[0], uneven[1]) == (0..<32, 32..<100))
        let few = NodeShares(1, weights: [1, 1, 1, 1])
        #expect((0..<4).map { few[$0].count } == [0, 1, 0, 0])
        #expect((0..<3).allSatisfy { NodeShares(0, weights: [1, 0, 1], grain: 32)[$0].isEmpty })
    }

    @Test("covers every unit once, whatever the weights")
    func coversAll() {
        var numbers = RandomNumbers(seed: 1)
        for _ in 0..<500 {
            let count = Int.random(in: 0...3_000, using: &numbers)
            let nodeCount = Int.random(in: 1...8, using: &numbers)
            let weights = (0..<nodeCount).map { _ in Int.random(in: 0...5, using: &numbers) } + [1]
            let shares = NodeShares(
                count,
                weights: weights,
                grain: Int.random(in: 1...64, using: &numbers)
            )
            #expect(shares.count == count && shares.nodeCount == weights.count)
            let units = (0..<weights.count).flatMap { node in shares[node].map { (node, $0) } }
            #expect(units.map(\.1) == Array(0..<count))
            #expect(units.allSatisfy { shares.node(of: $1) == $0 })
        }
    }

    @Test("tells an ascending list's entries apart by node")
    func splitsLists() throws {
        let shares = NodeShares(counts: [3, 0, 4])
        let list = try #require(shares.shares(of: [0, 2, 2, 3, 6]))
        #expect((0..<3).map { list[$0] } == [0..<3, 3..<3, 3..<5])
        let last = try #require(shares.shares(of: [4, 5]))
        #expect((0..<3).map { last[$0] } == [0..<0, 0..<0, 0..<2])
        #expect(shares.shares(of: [])?.count == 0)
        #expect(shares.shares(of: [2, 1]) == nil)
    }

    @Test("makes a task of every tile and run")
    func makesTasks() {
        let runs = NodeShares(counts: [2, 0, 3])
        let tasks = NodeTasks(tileCount: 2, runs: runs)
        let places = (0..<tasks.shares.count).map { tasks.place(of: $0) }
        #expect(places.map(\.tile) == [0, 0, 1, 1, 0, 0, 0, 1, 1, 1])
        #expect(places.map(\.run) == [0, 1, 0, 1, 2, 3, 4, 2, 3, 4])
    }
}
