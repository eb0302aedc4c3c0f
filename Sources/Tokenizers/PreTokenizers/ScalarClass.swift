/// What the patterns of pre-tokenizers distinguish: `\p{L}`, `\p{N}`, `\s`, and the rest.
enum ScalarClass {
    case letter, number, whitespace, other

    init(_ scalar: Unicode.Scalar) {
        self = scalar.isASCII ? Self(ascii: scalar.value) : Self(category: scalar.properties)
    }

    private init(ascii value: UInt32) {
        switch value {
        case 0x61...0x7A, 0x41...0x5A: self = .letter
        case 0x30...0x39: self = .number
        case 0x20, 0x09...0x0D: self = .whitespace
        default: self = .other
        }
    }

    private init(category properties: Unicode.Scalar.Properties) {
        switch properties.generalCategory {
        case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter:
            self = .letter
        case .decimalNumber, .letterNumber, .otherNumber:
            self = .number
        default:
            self = properties.isWhitespace ? .whitespace : .other
        }
    }
}

extension ArraySlice<Unicode.Scalar> {
    /// The end of the run of scalars of one class that begins at `start`.
    func endOfRun(of scalarClass: ScalarClass, from start: Int) -> Int {
        var end = start
        while end < endIndex, ScalarClass(self[end]) == scalarClass { end += 1 }
        return end
    }
}
