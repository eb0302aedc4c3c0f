extension ZipArchive {
    /// Writes the contents of one member behind what `output` holds.
    ///
    /// - Parameters:
    ///   - name: The member's whole name.
    ///   - byteCount: The size it must have.
    ///   - output: Gets the bytes; after an error it holds a part of them.
    /// - Throws: `ModelFileError` when the member is missing, damaged, or does not fit the disk.
    func extract(
        _ name: String,
        byteCount: Int,
        to output: inout OutputFile
    ) throws(ModelFileError) {
        guard let member = members.first(where: { $0.name == name }) else {
            throw malformed("directory", expected: name, found: "\(members.count) other members")
        }
        guard member.size == byteCount else {
            throw malformed("size of \(name)", expected: "\(byteCount)", found: "\(member.size)")
        }
        let range = try dataRange(of: member)
        var crc = CRC32()
        if member.isDeflated {
            try inflate(member, range, &crc, to: &output)
        } else {
            for start in stride(from: range.lowerBound, to: range.upperBound, by: 1 << 18) {
                try checkCancellation(output.path)
                let part = file.bytes(in: start..<min(start + 1 << 18, range.upperBound))
                crc.update(part[...])
                try output.write(part)
            }
        }
        guard crc.value == member.crc else {
            throw .checksumMismatch(
                path: "\(file.path): \(name)",
                algorithm: "CRC-32",
                expected: String(member.crc, radix: 16),
                found: String(crc.value, radix: 16)
            )
        }
    }

    private func inflate(
        _ member: Member,
        _ range: Range<Int>,
        _ crc: inout CRC32,
        to output: inout OutputFile
    ) throws(ModelFileError) {
        let end = try Inflater.inflate(
            inputCount: range.count,
            read: { part in
                let start = range.lowerBound + part.lowerBound
                return file.bytes(in: start..<start + part.count)
            },
            limit: member.size
        ) { (part) throws(ModelFileError) in
            try checkCancellation(output.path)
            crc.update(part)
            try output.write(part)
        }
        guard let end, end == (member.compressedSize, member.size) else {
            throw malformed(
                "data of \(member.name)",
                expected: "\(member.compressedSize) bytes that inflate to \(member.size)",
                found: end.map { "\($0.consumed) bytes that inflate to \($0.produced) or more" }
                    ?? "other bytes"
            )
        }
    }

    /// Where the member's bytes lie: behind its local header, which repeats what the directory says.
    private func dataRange(of member: Member) throws(ModelFileError) -> Range<Int> {
        let header = ZipField(file: file, offset: member.headerOffset, name: member.name)
        try header.expect(UInt32(0x0403_4b50), at: 0, "signature")
        try header.expect(UInt16(member.isDeflated ? 8 : 0), at: 8, "method")
        let nameSize = Int(try header.load(UInt16.self, at: 26))
        let extraSize = Int(try header.load(UInt16.self, at: 28))
        let nameStart = member.headerOffset + 30
        let start = nameStart + nameSize + extraSize
        guard start <= directoryOffset, member.compressedSize <= directoryOffset - start else {
            throw header.malformed(
                26,
                "data",
                expected: "\(member.compressedSize) bytes before \(directoryOffset)",
                found: "start \(start)"
            )
        }
        guard file.string(in: nameStart..<nameStart + nameSize) == member.name else {
            throw header.malformed(30, "name", expected: member.name, found: "another")
        }
        return start..<start + member.compressedSize
    }

    private func malformed(_ field: String, expected: String, found: String) -> ModelFileError {
        .malformed(
            path: file.path,
            offset: directoryOffset,
            field: "zip \(field)",
            expected: expected,
            found: found
        )
    }

    private func checkCancellation(_ path: String) throws(ModelFileError) {
        guard !Task.isCancelled else { throw .cancelled(path: path) }
    }
}
