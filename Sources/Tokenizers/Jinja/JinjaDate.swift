/// A moment in a time zone, as `strftime_now` writes it.
public struct JinjaDate: Sendable, Equatable {
    /// Seconds since 1970-01-01 00:00:00 where the clock hangs; UTC unless moved.
    public var seconds: Int

    /// Makes a moment.
    public init(seconds: Int) {
        self.seconds = seconds
    }

    static let conversions = [
        "%", "A", "B", "H", "I", "M", "S", "Y", "a", "b", "d", "e", "j", "m", "p", "y",
    ]
    private static let months = [
        "January", "February", "March", "April", "May", "June", "July", "August", "September",
        "October", "November", "December",
    ]
    private static let weekdays = [
        "Thursday", "Friday", "Saturday", "Sunday", "Monday", "Tuesday", "Wednesday",
    ]

    /// The text of a format of C's `strftime`; `nil` when a part of it is not known.
    func formatted(_ format: String) -> String? {
        var text = ""
        var isConversion = false
        var isPadded = true
        for character in format {
            switch (isConversion, character) {
            case (false, "%"): (isConversion, isPadded) = (true, true)
            case (false, _): text.append(character)
            case (true, "-") where isPadded: isPadded = false
            default:
                guard let part = part(character, isPadded: isPadded) else { return nil }
                text += part
                isConversion = false
            }
        }
        return isConversion ? nil : text
    }

    private func part(_ conversion: Character, isPadded: Bool) -> String? {
        let clock = min(max(seconds - day * 86_400, 0), 86_399)
        let (year, month, date) = civil
        func number(_ value: Int, width: Int = 2) -> String {
            let digits = String(value)
            let missing = isPadded ? max(width - digits.count, 0) : 0
            return String(repeating: "0", count: missing) + digits
        }
        switch conversion {
        case "%": return "%"
        case "Y": return String(year)
        case "y": return number(((year % 100) + 100) % 100)
        case "m": return number(month)
        case "d": return number(date)
        case "e": return date < 10 && isPadded ? " \(date)" : String(date)
        case "j": return number(day - Self.day(year: year, month: 1, date: 1) + 1, width: 3)
        case "H": return number(clock / 3600)
        case "I": return number((clock / 3600 + 11) % 12 + 1)
        case "M": return number(clock / 60 % 60)
        case "S": return number(clock % 60)
        case "p": return clock < 43_200 ? "AM" : "PM"
        case "B": return Self.months[month - 1]
        case "b": return String(Self.months[month - 1].prefix(3))
        case "A": return weekday
        case "a": return String(weekday.prefix(3))
        default: return nil
        }
    }

    /// Days since 1970-01-01; a moment out of any calendar's reach is moved to its end.
    private var day: Int {
        let limit = 366 * 10_000
        return min(max(seconds.quotient(flooring: 86_400), -limit), limit)
    }

    private var weekday: String {
        Self.weekdays[day - day.quotient(flooring: 7) * 7]
    }

    /// The days from 1970-01-01 to a date of the Gregorian calendar.
    private static func day(year: Int, month: Int, date: Int) -> Int {
        // Years begin in March, so that a leap day is a year's last.
        let years = month > 2 ? year : year - 1
        let inYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + date - 1
        let leaps =
            years.quotient(flooring: 4) - years.quotient(flooring: 100)
            + years.quotient(flooring: 400)
        return years * 365 + leaps + inYear - 719_468
    }

    private var civil: (year: Int, month: Int, date: Int) {
        var year = 1970 + day.quotient(flooring: 366)
        while Self.day(year: year + 1, month: 1, date: 1) <= day { year += 1 }
        while Self.day(year: year, month: 1, date: 1) > day { year -= 1 }
        var month = 12
        while Self.day(year: year, month: month, date: 1) > day { month -= 1 }
        return (year, month, day - Self.day(year: year, month: month, date: 1) + 1)
    }
}

extension Int {
    fileprivate func quotient(flooring divisor: Int) -> Int {
        self / divisor - (self % divisor < 0 ? 1 : 0)
    }
}
