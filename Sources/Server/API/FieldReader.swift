import JSONText

/// Reads the members of a request's JSON, and names the field in every complaint.
///
/// A field that is `null` counts as missing, and unknown fields are ignored, as in OpenAI's API.
struct FieldReader {
    private let members: [String: JSONValue]
    /// Stands before the names of members, as in `stream_options.`.
    private let prefix: String

    /// A request's body nests a few levels.
    private static let depthLimit = 32

    /// Reads a body.
    ///
    /// - Throws: `APIError` 400 when it is not a JSON object.
    init(body: [UInt8]) throws(APIError) {
        let value: JSONValue
        do {
            value = try JSONReader.value(
                of: body,
                depthLimit: Self.depthLimit,
                allowsRepeatedNames: false
            )
        } catch {
            throw .malformedBody(
                "at byte \(error.offset) expected \(error.expected), found \(error.found.prefix(80))"
            )
        }
        guard case .object(let members) = value else {
            throw .malformedBody("expected an object, found \(value.kind)")
        }
        self.init(members: members, prefix: "")
    }

    init(members: [JSONValue.Member], prefix: String) {
        self.members = Dictionary(members.map { ($0.key, $0.value) }) { $1 }
        self.prefix = prefix
    }

    /// How errors name a member.
    func name(_ member: String) -> String { prefix + member }

    /// A member; nil when it is missing or null.
    func value(_ member: String) -> JSONValue? {
        guard let value = members[member], value != .null else { return nil }
        return value
    }

    /// A whole number within bounds.
    func integer(_ member: String, in range: ClosedRange<Int>) throws(APIError) -> Int? {
        guard let value = value(member) else { return nil }
        let expected = "expected a whole number from \(range.lowerBound) to \(range.upperBound)"
        let found: Int
        switch value {
        case .integer(let integer): found = integer
        case .number(let number):
            guard let integer = Int(exactly: number) else {
                throw .invalid(name(member), "\(expected), found \(number)")
            }
            found = integer
        default: throw .invalid(name(member), "\(expected), found \(value.kind)")
        }
        guard range.contains(found) else {
            throw .invalid(name(member), "\(expected), found \(found)")
        }
        return found
    }

    /// A number within bounds.
    func number(_ member: String, in range: ClosedRange<Double>) throws(APIError) -> Double? {
        guard let value = value(member) else { return nil }
        let expected = "expected a number from \(range.lowerBound) to \(range.upperBound)"
        let found: Double
        switch value {
        case .integer(let integer): found = Double(integer)
        case .number(let number): found = number
        default: throw .invalid(name(member), "\(expected), found \(value.kind)")
        }
        guard range.contains(found) else {
            throw .invalid(name(member), "\(expected), found \(found)")
        }
        return found
    }

    /// True or false.
    func bool(_ member: String) throws(APIError) -> Bool? {
        guard let value = value(member) else { return nil }
        guard case .bool(let found) = value else {
            throw .invalid(name(member), "expected true or false, found \(value.kind)")
        }
        return found
    }

    /// A text.
    func string(_ member: String) throws(APIError) -> String? {
        guard let value = value(member) else { return nil }
        guard case .string(let found) = value else {
            throw .invalid(name(member), "expected a string, found \(value.kind)")
        }
        return found
    }

    /// The members of an object.
    func object(_ member: String) throws(APIError) -> FieldReader? {
        guard let value = value(member) else { return nil }
        guard case .object(let found) = value else {
            throw .invalid(name(member), "expected an object, found \(value.kind)")
        }
        return FieldReader(members: found, prefix: name(member) + ".")
    }

    /// Names of all members.
    var names: [String] { members.keys.sorted() }
}
