/// The members of a zip file; every field is checked before it is used.
///
/// Only what Python wheels need: one volume, below 4 GiB, stored or deflated, not encrypted. Names
/// of members serve to find them and never become paths.
struct ZipArchive {
    /// A member as the central directory describes it.
    struct Member: Equatable {
        let name: String
        let isDeflated: Bool
        let crc: UInt32
        let compressedSize: Int
        let size: Int
        let headerOffset: Int
    }

    let file: MappedFile

    let members: [Member]

    /// Where the directory starts, which is where the last member must have ended.
    let directoryOffset: Int

    /// Reads the directory at the end of the file.
    init(_ file: MappedFile) throws(ModelFileError) {
        self.file = file
        let end = try ZipField(file: file, offset: Self.endRecord(of: file), name: "end record")
        try end.expect(UInt32(0), at: 4, "disk numbers")
        let count = Int(try end.load(UInt16.self, at: 10))
        try end.expect(UInt16(count), at: 8, "member count on this disk")
        let size = Int(try end.load(UInt32.self, at: 12))
        let offset = Int(try end.load(UInt32.self, at: 16))
        guard offset <= end.offset, size == end.offset - offset else {
            throw end.malformed(
                16,
                "directory offset",
                expected: "\(size) bytes before the end record, and no zip64",
                found: "\(offset)"
            )
        }
        directoryOffset = offset
        members = try Self.directory(of: file, from: offset, to: end.offset, count: count)
    }

    /// The end record is the last thing in the file, but for a comment of up to 65535 bytes.
    private static func endRecord(of file: MappedFile) throws(ModelFileError) -> Int {
        let size = 22
        var offset = file.count - size
        while offset >= max(0, file.count - size - 65535) {
            if file.load(UInt32.self, at: offset) == 0x0605_4b50,
                let comment = file.load(UInt16.self, at: offset + 20),
                offset + size + Int(comment) == file.count
            {
                return offset
            }
            offset -= 1
        }
        throw .malformed(
            path: file.path,
            offset: max(0, file.count - size),
            field: "zip end record",
            expected: "a signature",
            found: "none"
        )
    }

    private static func directory(
        of file: MappedFile,
        from start: Int,
        to end: Int,
        count: Int
    ) throws(ModelFileError) -> [Member] {
        var members: [Member] = []
        var names: Set<String> = []
        var offset = start
        for index in 0..<count {
            let field = ZipField(file: file, offset: offset, name: "member \(index)")
            try field.expect(UInt32(0x0201_4b50), at: 0, "signature")
            let nameSize = Int(try field.load(UInt16.self, at: 28))
            let extraSize = Int(try field.load(UInt16.self, at: 30))
            let commentSize = Int(try field.load(UInt16.self, at: 32))
            let next = offset + 46 + nameSize + extraSize + commentSize
            guard next <= end else {
                throw field.malformed(
                    28,
                    "sizes",
                    expected: "an end at or before \(end)",
                    found: "\(next)"
                )
            }
            guard let name = file.string(in: offset + 46..<offset + 46 + nameSize) else {
                throw field.malformed(46, "name", expected: "UTF-8", found: "other bytes")
            }
            guard names.insert(name).inserted else {
                throw field.malformed(46, "name", expected: "a name of its own", found: name)
            }
            members.append(try member(field, name: name))
            offset = next
        }
        guard offset == end else {
            throw .malformed(
                path: file.path,
                offset: offset,
                field: "zip directory",
                expected: "an end at \(end)",
                found: "\(offset)"
            )
        }
        return members
    }

    private static func member(
        _ field: borrowing ZipField,
        name: String
    ) throws(ModelFileError) -> Member {
        let flags = try field.load(UInt16.self, at: 8)
        guard flags & 0x2041 == 0 else {
            throw field.malformed(8, "flags", expected: "no encryption", found: "\(flags)")
        }
        let method = try field.load(UInt16.self, at: 10)
        guard method == 0 || method == 8 else {
            throw field.malformed(
                10,
                "method",
                expected: "0 (stored) or 8 (deflated)",
                found: "\(method)"
            )
        }
        let member = Member(
            name: name,
            isDeflated: method == 8,
            crc: try field.load(UInt32.self, at: 16),
            compressedSize: Int(try field.load(UInt32.self, at: 20)),
            size: Int(try field.load(UInt32.self, at: 24)),
            headerOffset: Int(try field.load(UInt32.self, at: 42))
        )
        guard member.isDeflated || member.size == member.compressedSize else {
            throw field.malformed(
                20,
                "compressed size",
                expected: "\(member.size), as stored",
                found: "\(member.compressedSize)"
            )
        }
        return member
    }
}

/// One record of a zip file, for checked access to its fields.
struct ZipField {
    let file: MappedFile
    let offset: Int
    let name: String

    func load<Value: FixedWidthInteger & BitwiseCopyable>(
        _ type: Value.Type,
        at position: Int
    ) throws(ModelFileError) -> Value {
        guard let value = file.load(type, at: offset + position) else {
            throw malformed(
                position,
                "record",
                expected: "\(MemoryLayout<Value>.size) bytes",
                found: "the end of the file"
            )
        }
        return value
    }

    func expect<Value: FixedWidthInteger & BitwiseCopyable>(
        _ value: Value,
        at position: Int,
        _ field: String
    ) throws(ModelFileError) {
        let found = try load(Value.self, at: position)
        guard found == value else {
            throw malformed(position, field, expected: "\(value)", found: "\(found)")
        }
    }

    func malformed(
        _ position: Int,
        _ field: String,
        expected: String,
        found: String
    ) -> ModelFileError {
        .malformed(
            path: file.path,
            offset: offset + position,
            field: "zip \(name): \(field)",
            expected: expected,
            found: found
        )
    }
}
