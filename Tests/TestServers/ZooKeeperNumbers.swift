import Foundation
import Jute

/// A log of transactions from which servers start with nodes whose numbers have been counted up already: nobody can make two thousand million
/// children for a test.
enum ZooKeeperNumbers {
    /// Writes the first log of a server.
    ///
    /// - Parameters:
    ///   - counts: Nodes, and the number of the next child of each.
    ///   - folder: The server's `dataDir`.
    /// - Throws: Where the folder cannot be written.
    static func write(_ counts: [String: Int32], in folder: URL) throws {
        var log = Array("ZKLG".utf8) + integer(2) + [UInt8](repeating: 0, count: 8)
        var transaction: Int64 = 0
        for (path, count) in counts.sorted(by: { $0.key < $1.key }) {
            transaction += 1
            log += entry(transaction, type: 1) { create($0, path, parentCount: Int32(transaction)) }
            transaction += 1
            log += entry(transaction, type: 1) { create($0, path + "/counted", parentCount: count) }
            transaction += 1
            log += entry(transaction, type: 2) { body in
                var body = body
                body.text(path + "/counted")
                return body
            }
        }
        let logs = folder.appendingPathComponent("version-2")
        try FileManager.default.createDirectory(at: logs, withIntermediateDirectories: true)
        try Data(log).write(to: logs.appendingPathComponent("log.1"))
        for name in ["acceptedEpoch", "currentEpoch"] {
            try Data("0".utf8).write(to: logs.appendingPathComponent(name))
        }
    }

    private static func create(_ body: JuteWriter, _ path: String, parentCount: Int32) -> JuteWriter {
        var body = body
        body.text(path)
        body.buffer([])
        body.vector(ZNodeAccess.open) { writer, access in
            writer.int(access.permissions)
            writer.text(access.scheme)
            writer.text(access.identity)
        }
        body.boolean(false)
        body.int(parentCount)
        return body
    }

    /// A checksum, the length, who did what, and a mark of the end.
    private static func entry(_ transaction: Int64, type: Int32, _ body: (JuteWriter) -> JuteWriter) -> [UInt8] {
        var header = JuteWriter()
        // A session, its request, the transaction, and when that was.
        header.long(1)
        header.int(Int32(transaction))
        header.long(transaction)
        header.long(1_700_000_000_000 + transaction)
        header.int(type)
        let whole = body(header).frame
        let bytes = whole.dropFirst(4)
        var checksum = JuteWriter()
        checksum.long(Int64(adler32(bytes)))
        return checksum.frame.dropFirst(4) + whole + [0x42]
    }

    private static func integer(_ value: Int32) -> [UInt8] {
        var writer = JuteWriter()
        writer.int(value)
        return Array(writer.frame.dropFirst(4))
    }

    /// RFC 1950, section 9.
    private static func adler32(_ bytes: some Sequence<UInt8>) -> UInt32 {
        let (low, high) = bytes.reduce((UInt32(1), UInt32(0))) { sums, byte in
            let low = (sums.0 + UInt32(byte)) % 65_521
            return (low, (sums.1 + low) % 65_521)
        }
        return high << 16 | low
    }
}
