/// Takes a stream of server-sent events apart, however its bytes are cut into chunks.
///
/// Lines end in LF, CR or CRLF; `data` fields of one event are joined by LF; comments and other
/// fields are left out (WHATWG HTML, §9.2.6). Bytes are not decoded before an event is whole, so a
/// character may be cut anywhere.
struct ServerSentEventParser {
    /// An event is larger than allowed.
    struct EventTooLarge: Error, Equatable {
        let byteLimit: Int
    }

    private let byteLimit: Int
    private var line: [UInt8] = []
    private var data: [UInt8] = []
    private var hasData = false
    private var endedWithCR = false
    private var isFirstLine = true

    private static let byteOrderMark: [UInt8] = [0xef, 0xbb, 0xbf]

    /// - Parameter byteLimit: Bytes of an event, and of a line.
    init(byteLimit: Int = 4 << 20) {
        self.byteLimit = byteLimit
    }

    /// Data of the events that these bytes complete, in order.
    mutating func events(
        in bytes: some Sequence<UInt8>
    ) throws(EventTooLarge) -> [[UInt8]] {
        var events: [[UInt8]] = []
        for byte in bytes {
            defer { endedWithCR = byte == UInt8(ascii: "\r") }
            switch byte {
            case UInt8(ascii: "\n") where endedWithCR: break
            case UInt8(ascii: "\n"), UInt8(ascii: "\r"):
                if let event = endLine() { events.append(event) }
            default:
                guard line.count + data.count < byteLimit else {
                    throw EventTooLarge(byteLimit: byteLimit)
                }
                line.append(byte)
            }
        }
        return events
    }

    /// Takes the line; an empty one ends an event.
    private mutating func endLine() -> [UInt8]? {
        if isFirstLine, line.starts(with: Self.byteOrderMark) { line.removeFirst(3) }
        isFirstLine = false
        guard !line.isEmpty else {
            defer { (data, hasData) = ([], false) }
            return hasData ? data : nil
        }
        let colon = line.firstIndex(of: UInt8(ascii: ":")) ?? line.endIndex
        if line[..<colon].elementsEqual("data".utf8) {
            var value = line[colon...].dropFirst()
            if value.first == UInt8(ascii: " ") { value = value.dropFirst() }
            if hasData { data.append(UInt8(ascii: "\n")) }
            data += value
            hasData = true
        }
        line.removeAll(keepingCapacity: true)
        return nil
    }
}
