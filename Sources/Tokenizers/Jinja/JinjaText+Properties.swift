extension JinjaText {
    /// The characters in opposite order.
    var reversed: JinjaText { JinjaText(units: units.reversed()) }

    /// Python's `isalpha` and the like, by the method's name; `false` for an unknown one.
    func satisfies(_ method: String) -> Bool {
        let scalars = units.map(Self.scalar)
        switch method {
        case "islower":
            return scalars.contains(where: \.properties.isLowercase)
                && !scalars.contains { Self.isUpper($0) || Self.isTitle($0) }
        case "isupper":
            return scalars.contains(where: Self.isUpper)
                && !scalars.contains { $0.properties.isLowercase || Self.isTitle($0) }
        case "isspace": return !isEmpty && scalars.allSatisfy(Self.isSpace)
        case "isalpha": return !isEmpty && scalars.allSatisfy(Self.isLetter)
        case "isalnum":
            return !isEmpty
                && scalars.allSatisfy { Self.isLetter($0) || $0.properties.numericType != nil }
        case "isdecimal":
            return !isEmpty && scalars.allSatisfy { $0.properties.numericType == .decimal }
        case "isdigit":
            return !isEmpty
                && scalars.allSatisfy {
                    $0.properties.numericType == .decimal || $0.properties.numericType == .digit
                }
        case "isnumeric":
            return !isEmpty && scalars.allSatisfy { $0.properties.numericType != nil }
        default: return false
        }
    }

    private static func isUpper(_ scalar: Unicode.Scalar) -> Bool {
        scalar.properties.isUppercase
    }

    private static func isTitle(_ scalar: Unicode.Scalar) -> Bool {
        scalar.properties.generalCategory == .titlecaseLetter
    }

    private static func isLetter(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter:
            true
        default: false
        }
    }

    /// Jinja's `title`: words begin after white space, `-`, and opening brackets.
    var wordsCapitalized: JinjaText {
        var result = JinjaText()
        var startsWord = true
        for index in units.indices {
            let scalar = Self.scalar(units[index])
            let one = self[index..<index + 1]
            result.append(startsWord ? one.uppercased : one.lowercased)
            startsWord = Self.isSpace(scalar) || "-({[<".unicodeScalars.contains(scalar)
        }
        return result
    }

    /// The text for HTML, as `markupsafe` escapes it.
    var escaped: JinjaText {
        mappingScalars { (scalar) in
            switch scalar {
            case "&": "&amp;"
            case "<": "&lt;"
            case ">": "&gt;"
            case "\"": "&#34;"
            case "'": "&#39;"
            default: nil
            }
        }
    }
}
