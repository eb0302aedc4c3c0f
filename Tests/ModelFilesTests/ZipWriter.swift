import CZlib
import Foundation

/// Writes zip files, sound and unsound ones.
struct ZipWriter {
    struct Member {
        var name: String
        var contents: [UInt8]
        var isDeflated = false
        /// Changes to the central record, by offset.
        var patches: [Int: [UInt8]] = [:]
        /// Changes to the local header, by offset.
        var localPatches: [Int: [UInt8]] = [:]
        /// Replaces the compressed bytes.
        var data: [UInt8]?
    }

    var members: [Member] = []
    var comment: [UInt8] = []
    /// Changes to the end record, by offset.
    var endPatches: [Int: [UInt8]] = [:]

    var bytes: [UInt8] {
        var (bytes, directory): ([UInt8], [UInt8]) = ([], [])
        for member in members {
            let data =
                member.data ?? (member.isDeflated ? deflated(member.contents) : member.contents)
            let common =
                littleEndian(UInt16(0)) + littleEndian(UInt16(member.isDeflated ? 8 : 0))
                + littleEndian(UInt32(0)) + littleEndian(checksum(member.contents))
                + littleEndian(UInt32(data.count)) + littleEndian(UInt32(member.contents.count))
                + littleEndian(UInt16(member.name.utf8.count)) + littleEndian(UInt16(0))
            let name = Array(member.name.utf8)
            var record = littleEndian(UInt32(0x0201_4b50)) + littleEndian(UInt32(20 << 16 | 20))
            record += common + [UInt8](repeating: 0, count: 10)
            record += littleEndian(UInt32(bytes.count)) + name
            var local = littleEndian(UInt32(0x0403_4b50)) + littleEndian(UInt16(20)) + common + name
            member.patches.forEach { record.patch($0, $1) }
            member.localPatches.forEach { local.patch($0, $1) }
            directory += record
            bytes += local + data
        }
        let count = littleEndian(UInt16(members.count))
        var end = littleEndian(UInt32(0x0605_4b50)) + littleEndian(UInt32(0)) + count + count
        end += littleEndian(UInt32(directory.count)) + littleEndian(UInt32(bytes.count))
        end += littleEndian(UInt16(comment.count)) + comment
        endPatches.forEach { end.patch($0, $1) }
        return bytes + directory + end
    }

    private func checksum(_ bytes: [UInt8]) -> UInt32 {
        // SAFETY: zlib reads the array during the call only.
        unsafe bytes.withUnsafeBufferPointer {
            UInt32(unsafe crc32(0, $0.baseAddress, UInt32($0.count)))
        }
    }

    /// What zlib makes of the bytes, without its header of two and trailer of four bytes.
    private func deflated(_ bytes: [UInt8]) -> [UInt8] {
        var size = compressBound(UInt(bytes.count))
        var target = [UInt8](repeating: 0, count: Int(size))
        // SAFETY: zlib gets both arrays with their sizes, and writes no more than it is told.
        let status = unsafe compress(&target, &size, bytes, UInt(bytes.count))
        precondition(status == Z_OK, "compression into a large enough buffer cannot fail")
        return Array(target[2..<Int(size) - 4])
    }
}

extension [UInt8] {
    /// Overwrites bytes from `offset` on.
    mutating func patch(_ offset: Int, _ bytes: [UInt8]) {
        replaceSubrange(offset..<offset + bytes.count, with: bytes)
    }
}
