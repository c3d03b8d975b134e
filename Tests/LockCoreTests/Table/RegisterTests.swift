import Testing

@testable import LockCore

@Suite("Registers of a LockTable")
struct RegisterTests {
    private var driver = RegisterDriver()

    @Test("a store under an older token than the register has seen is refused, and changes nothing (RULES 8, S6)")
    mutating func staleToken() throws {
        let old = try driver.grant("a")
        driver.release("a", old)
        let new = try driver.grant("a")
        #expect(driver.store("a", new, .value([1])).isStored)
        #expect(driver.store("a", old, .value([2])) == .register(.stale(newest: new)))
        #expect(driver.store("a", old, .nothing) == .register(.stale(newest: new)))
        #expect(driver.table.register(of: driver.name("a")).value == [1])
    }

    @Test("a removal keeps the newest token, also once the name is forgotten (RULES 8, S6)")
    mutating func removal() throws {
        let old = try driver.grant("a")
        driver.release("a", old)
        let new = try driver.grant("a")
        _ = driver.store("a", new, .value([1]))
        _ = driver.store("a", new, .nothing)
        driver.release("a", new)
        #expect(driver.table.register(of: driver.name("a")) == RegisterView())
        #expect(driver.store("a", old, .value([2])) == .register(.stale(newest: new)))
        #expect(driver.store("a", new, .value([3])).isStored)
    }

    @Test("noting a token shuts out older ones without a value (RULES 8, enter)")
    mutating func enter() throws {
        let old = try driver.grant("a")
        driver.release("a", old)
        let new = try driver.grant("a")
        #expect(driver.store("a", new, .unchanged).isStored)
        #expect(driver.store("a", old, .value([2])) == .register(.stale(newest: new)))
        let restored = try LockTable(decoding: driver.table.encoded())
        #expect(restored.register(of: driver.name("a")).token == new)
    }

    @Test("a live grant is never stale, however high the tokens of forgotten names were")
    mutating func liveBelowTheFloor() throws {
        let held = try driver.grant("a")
        for _ in 0..<5 {
            let other = try driver.grant("b")
            _ = driver.store("b", other, .value([1]))
            _ = driver.store("b", other, .nothing)
            driver.release("b", other)
        }
        #expect(driver.store("a", held, .value([1])).isStored)
    }

    @Test("a repeated store changes nothing, and a late duplicate does not undo what came later (S7)")
    mutating func repetition() throws {
        let token = try driver.grant("a")
        let first = driver.store("a", token, .value([1], keptFor: .seconds(10)), after: .vacant)
        driver.now = driver.now + .seconds(5)
        #expect(driver.store("a", token, .value([1], keptFor: .seconds(10)), after: .vacant) == first)
        let revision = driver.table.register(of: driver.name("a")).revision
        let second = driver.store("a", token, .value([2]), after: revision)
        #expect(second.isStored)
        let late = driver.store("a", token, .value([1], keptFor: .seconds(10)), after: .vacant)
        #expect(late == .register(.changed(driver.table.register(of: driver.name("a")))))
        #expect(driver.table.register(of: driver.name("a")).value == [2])
    }

    @Test("a value ends by log time, with a word to those who watch")
    mutating func end() throws {
        let token = try driver.grant("a")
        _ = driver.store("a", token, .value([1], keptFor: .seconds(10)))
        driver.release("a", token)
        #expect(driver.table.nextDue == driver.now + .seconds(10))
        driver.now = driver.now + .seconds(10)
        let effects = driver.advance()
        #expect(effects == [.registerChanged(RegisterEvent(name: driver.name("a"), token: token))])
        #expect(driver.table.register(of: driver.name("a")).value == nil)
        #expect(driver.table.nextDue == nil)
    }

    @Test("values up to 4,096 bytes are kept, longer ones and tokens that nobody had are refused")
    mutating func bounds() throws {
        let token = try driver.grant("a")
        let longest = [UInt8](repeating: 1, count: Limits.registerBytes)
        #expect(driver.store("a", token, .value(longest)).isStored)
        #expect(driver.store("a", token, .value(longest + [1])) == .refused(.valueTooLong))
        #expect(driver.store("a", token, .value([1], keptFor: .zero)) == .refused(.badTerms))
        let future = try #require(driver.table.nextToken)
        #expect(driver.store("a", future, .value([1])) == .refused(.unknownToken))
    }

    @Test("so many registers and so many bytes are kept, and not one more; removing makes room")
    mutating func limits() throws {
        var limits = TableLimits()
        (limits.registers, limits.registerBytes) = (2, 10)
        driver = RegisterDriver(limits: limits)
        let (a, b, c) = (try driver.grant("a"), try driver.grant("b"), try driver.grant("c"))
        #expect(driver.store("a", a, .value([1, 2])).isStored)
        #expect(driver.store("b", b, .value([UInt8](repeating: 1, count: 8))).isStored)
        #expect(driver.store("c", c, .value([])) == .refused(.tooManyRegisters))
        #expect(driver.store("a", a, .value([1, 2, 3])) == .refused(.tooManyRegisters))
        #expect(driver.store("a", a, .value([9])).isStored)
        #expect(driver.store("b", b, .nothing).isStored)
        #expect(driver.store("c", c, .value([UInt8](repeating: 1, count: 9))).isStored)
        #expect(driver.table.invariantViolation() == nil && driver.table.registersInUse == 2)
        limits.registers = 1
        let fewer = limits
        #expect(throws: SnapshotError.self) {
            try LockTable(decoding: driver.table.encoded(), limits: fewer)
        }
    }

    @Test("a snapshot of version 1, from before there were registers, is read as a table without any")
    func formerVersion() throws {
        let table = try LockTable(decoding: Self.versionOne)
        #expect(table.registersInUse == 0 && table.sessions.count == 1)
        #expect(table.view(of: try LockName("a"))?.holders.map(\.token) == [FencingToken(rawValue: 7)])
        #expect(try LockTable(decoding: table.encoded()).digest == table.digest)
    }

    @Test("an impossible register in a snapshot is refused, though its checksum is right", arguments: Impossible.all)
    mutating func hostile(_ impossible: Impossible) throws {
        let token = try driver.grant("a")
        _ = driver.store("a", token, .value([1]))
        var record = RegisterRecord(
            name: driver.name("b"), token: token, writer: token, value: [1], revision: RegisterRevision(rawValue: 1),
            until: .distantFuture)
        var sound = driver.table
        sound.insertRegister(record)
        _ = try LockTable(decoding: sound.encoded())
        impossible.spoil(&record)
        var hostile = driver.table
        hostile.insertRegister(record)
        #expect(throws: SnapshotError.self) { try LockTable(decoding: hostile.encoded()) }
    }

    struct Impossible: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let spoil: @Sendable (inout RegisterRecord) -> Void

        static let all = [
            Impossible("a token that nobody had") { $0.token = FencingToken(rawValue: 99) },
            Impossible("a writer that it has not seen") { $0.writer = FencingToken(rawValue: 2) },
            Impossible("a revision that was never given out") { $0.revision = RegisterRevision(rawValue: 7) },
            Impossible("a value without a revision") { $0.revision = .vacant },
            Impossible("a revision without a value") { $0.value = nil },
            Impossible("nothing at all, and nobody who holds the name") { record in
                (record.value, record.revision, record.writer) = (nil, .vacant, FencingToken(rawValue: 0))
            },
            Impossible("a value beyond its time") { $0.until = .zero },
            Impossible("a value that is too long") { $0.value = [UInt8](repeating: 1, count: 4_097) },
            Impossible("a name twice") { record in
                if let name = try? LockName("a") { record.name = name }  // a literal that is a name
            },
        ]

        private init(_ description: String, _ spoil: @escaping @Sendable (inout RegisterRecord) -> Void) {
            (testDescription, self.spoil) = (description, spoil)
        }
    }

    /// One exclusive holder of "a" under token 7, as the version before this one wrote it.
    private static let versionOne = bytes(
        ofHexadecimal:
            "4c4b5442010000f2052a01000000080000000000000001000000000000000000b864d9450000000100000001000000010000"
            + "0000000000010000000000000000000000005847f80d00000000000000000000000000000000000000000000000100000001"
            + "0000000000000001000000000000000100000000000000010000000000000001000000000000000100000000000000010000"
            + "00010000006100000700000000000000010000000000f2052a01000000000000000000000000f2052a01000000ffffffffff"
            + "ffff7f000000000000000000000000000000000000000046f843d6002c5df0")

    private static func bytes(ofHexadecimal text: String) -> [UInt8] {
        let digits = text.compactMap(\.hexDigitValue)
        return stride(from: 0, to: digits.count, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
    }
}

/// A table, and the shortest way to its registers.
struct RegisterDriver {
    var table: LockTable
    var now = LogTime.zero
    private var requests: UInt64 = 0
    private let session = SessionID(high: 1, low: 1)

    init(limits: TableLimits = TableLimits()) {
        table = LockTable(limits: limits)
        _ = apply(.openSession(.init(session: session, timeToLive: .seconds(60))))
    }

    func name(_ text: String) -> LockName { (try? LockName(text)) ?? .vacant }  // literals that are names

    mutating func apply(_ command: Command) -> Answer {
        var effects: [Effect] = []
        return table.apply(command, at: now, effects: &effects)
    }

    mutating func advance() -> [Effect] {
        var effects: [Effect] = []
        _ = table.apply(.advance, at: now, effects: &effects)
        return effects
    }

    mutating func grant(_ text: String) throws -> FencingToken {
        requests += 1
        let answer = apply(
            .acquire(
                .init(
                    session: session, request: RequestID(high: 1, low: requests),
                    owner: OwnerID(high: 1, low: requests),
                    names: [name(text)])))
        guard case .granted(let grant) = answer else { throw NotGranted(answer: answer) }
        return grant.token
    }

    mutating func release(_ text: String, _ token: FencingToken) {
        #expect(apply(.release(.init(session: session, names: [name(text)], token: token))) == .released)
    }

    mutating func store(
        _ text: String, _ token: FencingToken, _ content: RegisterContent, after: RegisterRevision? = nil
    ) -> Answer {
        apply(.store(.init(name: name(text), token: token, content: content, after: after)))
    }
}

private struct NotGranted: Error { let answer: Answer }

extension Answer {
    var isStored: Bool { if case .register(.stored) = self { true } else { false } }
}
