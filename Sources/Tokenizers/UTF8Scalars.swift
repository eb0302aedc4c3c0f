extension [UInt8] {
    /// The scalar that begins at `index` of valid UTF-8, and how many bytes it takes.
    ///
    /// Bytes that are not UTF-8 count as U+FFFD of one byte.
    func scalar(at index: Int) -> (scalar: Unicode.Scalar, byteCount: Int) {
        let lead = self[index]
        if lead < 0x80 { return (Unicode.Scalar(lead), 1) }
        let byteCount = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2
        guard lead >= 0xC2, index + byteCount <= count else { return ("\u{FFFD}", 1) }
        var value = UInt32(lead) & (0x7F >> UInt32(byteCount))
        for offset in 1..<byteCount { value = value << 6 | UInt32(self[index + offset] & 0x3F) }
        guard let scalar = Unicode.Scalar(value) else { return ("\u{FFFD}", 1) }
        return (scalar, byteCount)
    }

    /// The scalar that ends before `index` of valid UTF-8; `index` is above zero.
    func scalar(before index: Int) -> (scalar: Unicode.Scalar, byteCount: Int) {
        var start = index - 1
        while start > 0, start > index - 4, self[start] & 0xC0 == 0x80 { start -= 1 }
        return scalar(at: start)
    }

    /// Appends the UTF-8 of a scalar.
    mutating func append(_ scalar: Unicode.Scalar) {
        append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
    }
}
