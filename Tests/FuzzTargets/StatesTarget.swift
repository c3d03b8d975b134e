import LockCore
import Lockstead
import Synchronization

/// Any file, and any body of a slot with a sound checksum: refused, or a state that can be written and read again.
enum StatesTarget {
    static func feed(_ bytes: [UInt8]) {
        if let body = readFile(bytes) { readBody(body) }
        readBody(bytes)
    }

    private static func readFile(_ bytes: [UInt8]) -> [UInt8]? {
        let memory = Memory(bytes)
        guard var slots = try? SlotFile(reading: memory) else { broken("memory can always be read") }
        let found = slots.latest?.body
        // Writing leaves what was there whole, and is read back.
        let new: [UInt8] = [1, 2, 3]
        guard (try? slots.write(new, to: memory)) != nil else { return found }  // Its place lies beyond all storage.
        guard let read = try? SlotFile(reading: memory) else { broken("memory can always be read") }
        if read.latest?.body != new { broken("what was written is read back") }
        return found
    }

    private static func readBody(_ body: [UInt8]) {
        // Why it is refused is not the question.
        guard let state = try? NameState(decoding: body) else { return }
        guard let again = try? NameState(decoding: state.encoded), again.encoded == state.encoded else {
            broken("a state that was accepted can be written and read again")
        }
    }

    static var seeds: [[UInt8]] {
        CommandsTarget.seeds.prefix(8).flatMap { seed -> [[UInt8]] in
            let body = body(of: seed)
            let memory = Memory([])
            guard var slots = try? SlotFile(reading: memory) else { return [body] }
            for content in [body, [7, 7], body] where (try? slots.write(content, to: memory)) == nil { return [body] }
            return [body, memory.bytes]
        }
    }

    /// A state with that table in it.
    private static func body(of seed: [UInt8]) -> [UInt8] {
        let table = CommandsTarget.table(after: seed)
        guard let name = try? LockName("job") else { broken("this is a name") }
        let entries = table.sessions.map(\.id).sorted().map {
            SessionEntry(
                session: $0, processID: 1, lease: .seconds(5), validUntil: ContinuousTime(nanoseconds: 5_000_000_000))
        }
        return NameState(
            name: name, boot: BootIdentity(high: 1, low: 2), offset: 0, graceUntil: nil, entries: entries, table: table,
            journal: ChangeJournal(entries: [], nextNumber: 1)
        ).encoded
    }
}

/// A file in memory, of 64 MB at most: a head may name any place.
private final class Memory: SlotStorage, Sendable {
    private let content: Mutex<[UInt8]>
    private static let largest = 1 << 26

    init(_ bytes: [UInt8]) { content = Mutex(bytes) }

    var bytes: [UInt8] { content.withLock { $0 } }

    func read(at offset: Int, count: Int) throws(SystemError) -> [UInt8] {
        content.withLock { offset < $0.count ? Array($0[offset...].prefix(count)) : [] }
    }

    func write(_ bytes: [UInt8], at offset: Int) throws(SystemError) {
        guard offset + bytes.count <= Self.largest else { throw SystemError(28, "write", "memory") }
        content.withLock { content in
            content += [UInt8](repeating: 0, count: max(0, offset + bytes.count - content.count))
            content.replaceSubrange(offset..<offset + bytes.count, with: bytes)
        }
    }

    func synchronize() throws(SystemError) {}
}
