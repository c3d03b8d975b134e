import Lockstead
import Synchronization
import Testing

@Suite("File formats", .timeLimit(.minutes(2)))
struct FileFormatTests {
    @Test(
        "SHA-256 gives the digests that NIST publishes (FIPS 180-4 examples)",
        arguments: [
            ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
            ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
            (
                "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
                "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
            ),
            (
                "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu",
                "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1"
            ),
        ])
    func sha256(text: String, digest: String) {
        #expect(SHA256.hexadecimal(text.utf8) == digest)
    }

    @Test("SHA-256 of a million times a")
    func sha256Long() {
        #expect(
            SHA256.hexadecimal(repeatElement(UInt8(ascii: "a"), count: 1_000_000))
                == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0")
    }

    @Test("CRC-64/XZ gives its catalogued check value")
    func crc64() { #expect(CRC64.checksum(Array("123456789".utf8)) == 0x995D_C9BB_DF19_39FA) }

    @Test("A record that is cut short anywhere, or has bytes too many, is refused")
    func cutRecords() throws {
        let whole = try Self.state().encoded
        #expect(throws: Never.self) { try NameState(decoding: whole) }
        for count in 0..<whole.count {
            #expect(throws: RecordError.self) { try NameState(decoding: Array(whole.prefix(count))) }
        }
        #expect(throws: RecordError.self) { try NameState(decoding: whole + [0]) }
    }

    @Test("A hostile count makes the reader allocate nothing")
    func hostileCount() {
        var reader = RecordReader([0xFF, 0xFF, 0xFF, 0xFF, 1])
        #expect(throws: RecordError.self) { try reader.readArray { (_) throws(RecordError) in 1 } }
        var other = RecordReader([0xFF, 0xFF, 0xFF, 0x7F, 1])
        #expect(throws: RecordError.self) { try other.readBytes() }
    }

    @Test("A state reads back as it was written")
    func roundTrip() throws {
        let state = try Self.state()
        let read = try NameState(decoding: state.encoded)
        #expect(read.encoded == state.encoded)
        #expect(read.entries == state.entries && read.journal == state.journal)
        #expect(read.table.digest == state.table.digest && read.table.invariantViolation() == nil)
    }

    /// One holder, one waiter.
    static func state(purpose: String = "") throws -> NameState {
        let name = try LockName("orders/42")
        let now = ContinuousTime(nanoseconds: 1_000_000)
        var state = NameState(
            name: name, boot: BootIdentity(high: 1, low: 2), now: now, wallClockNanoseconds: 1_790_000_000_000_000_000)
        for number in UInt64(1)...2 {
            let session = SessionID(high: 7, low: number)
            let lease = TimeSpan.seconds(30)
            _ = state.open(
                SessionEntry(session: session, processID: 77, lease: lease, validUntil: now + lease), at: now)
            _ = state.apply(
                .acquire(
                    .init(
                        session: session, request: RequestID(high: 7, low: number),
                        owner: OwnerID(high: 9, low: number),
                        names: [name], waitUntil: .distantFuture, note: HolderNote(host: "h", purpose: purpose))),
                at: now)
        }
        return state
    }
}

/// Bytes in memory, which can be cut off in the middle of a write as a crash would.
final class MemoryStorage: SlotStorage, Sendable {
    private struct State {
        var bytes: [UInt8]
        var writes: [SlotFile.Write] = []
        var budget = Int.max
    }

    private let state: Mutex<State>

    init(_ bytes: [UInt8] = []) { state = Mutex(State(bytes: bytes)) }

    var bytes: [UInt8] { state.withLock { $0.bytes } }
    var writes: [SlotFile.Write] { state.withLock { $0.writes } }

    /// After so many more bytes the disk is full.
    func limit(to bytes: Int) { state.withLock { $0.budget = bytes } }

    func read(at offset: Int, count: Int) throws(SystemError) -> [UInt8] {
        state.withLock { Array($0.bytes.dropFirst(offset).prefix(count)) }
    }

    func write(_ bytes: [UInt8], at offset: Int) throws(SystemError) {
        let isFull = state.withLock { state in
            let part = bytes.prefix(state.budget)
            state.writes.append(.init(offset: offset, bytes: Array(part)))
            let missing = max(0, offset + part.count - state.bytes.count)
            state.bytes += [UInt8](repeating: 0, count: missing)
            state.bytes.replaceSubrange(offset..<offset + part.count, with: part)
            state.budget -= part.count
            return part.count < bytes.count
        }
        if isFull { throw SystemError(28, "write", "memory") }
    }

    func synchronize() throws(SystemError) {}
}
