/// A trace's time of arrival, such as `2023-11-16 18:15:46.6805900`.
struct TraceTimestamp: Equatable {
    /// Since the year 1970, leap seconds not counted.
    let nanoseconds: Int64

    /// Nil for a text of any other form, or a date that does not exist.
    init?(_ text: String) {
        // Between day and hour a space or a T; behind the seconds nothing, or up to nine digits.
        let bytes = Array(text.utf8)
        guard bytes.count >= 19, bytes.count <= 30, bytes[4] == UInt8(ascii: "-"),
            bytes[7] == UInt8(ascii: "-"),
            bytes[10] == UInt8(ascii: " ") || bytes[10] == UInt8(ascii: "T"),
            bytes[13] == UInt8(ascii: ":"), bytes[16] == UInt8(ascii: ":"),
            let year = Self.number(bytes[0..<4]), let month = Self.number(bytes[5..<7]),
            let day = Self.number(bytes[8..<10]), let hour = Self.number(bytes[11..<13]),
            let minute = Self.number(bytes[14..<16]), let second = Self.number(bytes[17..<19]),
            1970...2200 ~= year, 1...12 ~= month, 1...Self.dayCount(month, of: year) ~= day,
            hour < 24, minute < 60, second <= 60
        else { return nil }
        var fraction: Int64 = 0
        if bytes.count > 19 {
            let digits = bytes[20...]
            guard bytes[19] == UInt8(ascii: "."), 1...9 ~= digits.count,
                let value = Self.number(digits)
            else { return nil }
            fraction = Int64(value)
            for _ in digits.count..<9 { fraction *= 10 }
        }
        var days = day - 1
        for earlier in 1970..<year { days += Self.isLeap(earlier) ? 366 : 365 }
        for earlier in 1..<month { days += Self.dayCount(earlier, of: year) }
        let seconds = Int64(((days * 24 + hour) * 60 + minute) * 60 + second)
        nanoseconds = seconds * 1_000_000_000 + fraction
    }

    private static func number(_ digits: ArraySlice<UInt8>) -> Int? {
        var value = 0
        for digit in digits {
            guard UInt8(ascii: "0")...UInt8(ascii: "9") ~= digit else { return nil }
            value = value * 10 + Int(digit - UInt8(ascii: "0"))
        }
        return value
    }

    private static func isLeap(_ year: Int) -> Bool {
        year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
    }

    private static func dayCount(_ month: Int, of year: Int) -> Int {
        switch month {
        case 2: isLeap(year) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }
}
