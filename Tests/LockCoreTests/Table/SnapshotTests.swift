import LockCore
import LocksteadSimulator
import SeededRandom
import Testing

@Suite("Snapshots")
struct SnapshotTests {
    /// A table with something of every kind in it.
    private static func richTable() throws -> LockTable {
        var walk = TableWalk(seed: 77)
        _ = walk.run(steps: 260)
        return walk.table
    }

    @Test("a snapshot gives the same table, bytes and digest")
    func roundTrip() throws {
        let table = try Self.richTable()
        let restored = try LockTable(decoding: table.encoded())
        #expect(restored.digest == table.digest && restored.encoded() == table.encoded())
        #expect(
            restored.sessions == table.sessions
                && restored.list(prefix: "", limit: 99) == table.list(prefix: "", limit: 99))
    }

    @Test("every shorter snapshot is refused")
    func truncations() throws {
        let bytes = try Self.richTable().encoded()
        for length in bytes.indices {
            #expect(throws: SnapshotError.self) { _ = try LockTable(decoding: Array(bytes.prefix(length))) }
        }
    }

    @Test("every flipped bit is refused")
    func flips() throws {
        let bytes = try Self.richTable().encoded()
        for position in bytes.indices {
            var flipped = bytes
            flipped[position] ^= 1 << UInt8(position % 8)
            #expect(throws: SnapshotError.self, "byte \(position) of \(bytes.count)") {
                try LockTable(decoding: flipped)
            }
        }
    }

    @Test("a byte too many, a later version and other files are refused by name")
    func otherBytes() throws {
        var bytes = LockTable().encoded()
        #expect(throws: SnapshotError.trailingBytes) { try LockTable(decoding: bytes + [0]) }
        #expect(throws: SnapshotError.truncated) { try LockTable(decoding: []) }
        #expect(throws: SnapshotError.notASnapshot) { try LockTable(decoding: Array("#!/bin/sh".utf8)) }
        bytes[4] = 9
        #expect(throws: SnapshotError.unknownVersion(9)) { try LockTable(decoding: bytes) }
    }

    @Test("100,000 random byte strings with a right beginning never trap")
    func garbage() throws {
        var draw = SeededGenerator(seed: 3)
        let whole = try Self.richTable().encoded()
        var accepted = 0
        for _ in 0..<100_000 {
            var bytes = Array(whole.prefix(Int.random(in: 6...60, using: &draw)))
            bytes += (0..<Int.random(in: 0...80, using: &draw)).map { _ in UInt8.random(in: 0...255, using: &draw) }
            if (try? LockTable(decoding: bytes)) != nil { accepted += 1 }  // the error is not the question here
        }
        #expect(accepted == 0)
    }
}
