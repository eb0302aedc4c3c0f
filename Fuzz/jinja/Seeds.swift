import Foundation

/// Writes the seeds of the corpus to the folder in the first argument: the templates of
/// `Golden/chat.json`, in the folder where this runs.
@main
struct Seeds {
    private struct Golden: Decodable {
        struct Case: Decodable {
            var template: String
        }

        var cases: [Case]
    }

    static func main() throws {
        let folder = URL(filePath: CommandLine.arguments[1])
        let file = URL(filePath: "Tests/TokenizersTests/Golden/chat.json")
        let golden = try JSONDecoder().decode(Golden.self, from: Data(contentsOf: file))
        for (index, item) in golden.cases.enumerated() {
            try Data(item.template.utf8).write(to: folder.appending(path: "seed-\(index)"))
        }
    }
}
