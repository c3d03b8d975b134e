import Glibc
import Lockstead
import LocksteadTesting
import TestProcesses
import Testing

@Suite("File engine under hands that tamper", .timeLimit(.minutes(1)))
struct FileTamperTests {
    let fixture: FileFixture
    let backend: FileBackend

    init() throws {
        fixture = try FileFixture()
        backend = try fixture.backend()
    }

    private func hold(_ name: String = "job", on backend: FileBackend? = nil) async throws -> Grant {
        try granted(try await (backend ?? self.backend).acquire(try fixture.request(name)))
    }

    private func expectLost(_ grant: Grant, _ location: SourceLocation = #_sourceLocation) async {
        let outcomes = await backend.renew([grant], deadline: fixture.soon)
        guard case .lost? = outcomes.first else {
            Issue.record("renewed: \(outcomes)", sourceLocation: location)
            return
        }
    }

    @Test(
        "A state file unlinked or renamed while held: the holder is told and never re-creates it, nobody else is let in while it lives, and tokens go on rising (R14, R47)",
        arguments: ["unlink", "rename", "replace"])
    func stateTakenAway(how: String) async throws {
        let notices = backend.notices()
        let grant = try await hold()
        let state = try fixture.statePath("job")
        switch how {
        case "unlink": unlink(state)
        case "rename": rename(state, state + ".away")
        default:
            let other = try OpenFile.open(state + ".other", O_RDWR | O_CREAT)
            try other.write([UInt8](repeating: 0, count: 10), at: 0)
            rename(state + ".other", state)
        }
        var told = notices.makeAsyncIterator()
        guard case .lost(grant.request, _)? = await told.next() else {
            Issue.record("not told")
            return
        }
        if how == "replace" {
            let error = await #expect(throws: LockError.self) { try await hold() }
            #expect(error?.code == .corruptState)
            return
        }
        await expectLost(grant)
        let second = try fixture.backend()
        let refused = await #expect(throws: LockError.self) { try await hold(on: second) }
        #expect(refused?.code == .recovering, "the old holder may still believe in its lock")
        await expectLost(grant)
        #expect(try await backend.release(grant, deadline: fixture.soon) != .released)
        let next = try await hold(on: second)
        #expect(next.token > grant.token)
    }

    @Test(
        "A lifeline unlinked while held: the holder is told, and nobody else is let in before its lease has run out (S5)"
    )
    func lifelineTakenAway() async throws {
        let clock = ManualClock()
        let fixture = try FileFixture(time: clock)
        let (backend, second) = (try fixture.backend(), try fixture.backend())
        let grant = try granted(try await backend.acquire(try fixture.request("job", lease: .seconds(10))))
        clock.advance(by: .seconds(9))
        guard case .renewed? = await backend.renew([grant], deadline: fixture.soon).first else {
            Issue.record("not renewed")
            return
        }
        unlink(try fixture.lifelinePath("job", grant))
        clock.advance(by: .seconds(5))
        guard case .busy = try await second.acquire(try fixture.request("job")) else {
            Issue.record("let in while the holder may believe in its lease")
            return
        }
        guard case .lost? = await backend.renew([grant], deadline: fixture.soon).first else {
            Issue.record("renewed without a sign of life")
            return
        }
        clock.advance(by: .seconds(11))
        let next = try granted(try await second.acquire(try fixture.request("job")))
        #expect(next.token > grant.token)
    }

    @Test("Both slots damaged: refused with the way out, and repair opens the lock again under a higher token (R47)")
    func bothSlots() async throws {
        let grant = try await hold()
        #expect(try await backend.release(grant, deadline: fixture.soon) == .released)
        let file = try OpenFile.open(try fixture.statePath("job"), O_RDWR)
        for slot in 0..<2 { try file.write([0xFF, 0xFF], at: slot * SlotFile.blockSize + 30) }
        let error = await #expect(throws: LockError.self) { try await hold() }
        #expect(error?.code == .corruptState && error?.message.contains("lockstead repair") == true)
        #expect(error?.effect == .didNotHappen)

        let repair = try FileRepair(folder: fixture.path)
        let look = try await repair.run(mending: false)
        #expect(look.map(\.isMended) == [false] && look.first?.isMendable == true)
        #expect(look.first?.name?.text == "job", "the damaged slots still tell the name")
        await #expect(throws: LockError.self) { try await hold() }
        #expect(try await repair.run(mending: true).map(\.isMended) == [true])
        #expect(try await repair.run(mending: true).map(\.kind) == [.good], "a second run finds nothing to do")
        #expect(try await hold().token > grant.token)
    }

    @Test("Both slots damaged while held: after repair nothing is granted while the holder lives (RULES 11)")
    func bothSlotsWhileHeld() async throws {
        let holder = try HolderProcess(fixture.path, "job", "--lease=60000")
        let token = try await holder.token()
        let file = try OpenFile.open(try fixture.statePath("job"), O_RDWR)
        try file.write([UInt8](repeating: 0xAA, count: 3 * SlotFile.blockSize), at: 0)
        let findings = try await FileRepair(folder: fixture.path).run(mending: true)
        #expect(findings.filter(\.isMended).count == 1)
        let refused = await #expect(throws: LockError.self) { try await hold() }
        #expect(refused?.code == .recovering)
        holder.destroy()
        #expect(try await hold().token > token)
    }

    @Test("One damaged slot: the other serves, and the next write mends it")
    func oneSlot() async throws {
        let grant = try await hold()
        let file = try OpenFile.open(try fixture.statePath("job"), O_RDWR)
        let latest = try #require(try SlotFile(reading: file).latest)
        try file.write([0xFF], at: (1 - latest.slot) * SlotFile.blockSize + 5)
        #expect(try SlotFile(reading: file).hasDamage)
        #expect(try await backend.release(grant, deadline: fixture.soon) == .released)
        #expect(try !SlotFile(reading: file).hasDamage)
        #expect(try await hold().token > grant.token)
    }

    @Test("Repair writes a damaged slot anew, removes the signs of the dead, and touches nothing else")
    func repairMends() async throws {
        let grant = try await hold("kept")
        let (gone, file) = (try await hold("worn"), try OpenFile.open(try fixture.statePath("worn"), O_RDWR))
        #expect(try await backend.release(gone, deadline: fixture.soon) == .released)
        let latest = try #require(try SlotFile(reading: file).latest)
        try file.write([0xFF], at: (1 - latest.slot) * SlotFile.blockSize + 5)
        let hash = NameKey(try LockName("worn")).hash
        let session = String(repeating: "0", count: 31) + "1"
        for stray in ["\(hash).\(session).alive", "\(hash).\(session).new", "notes.txt"] {
            try OpenFile.open(fixture.folder.path(of: stray), O_RDWR | O_CREAT).write([1], at: 0)
        }
        let untouched = try OpenFile.open(try fixture.statePath("kept"), O_RDONLY).read(at: 0, count: 1 << 16)
        let dry = try await FileRepair(folder: fixture.path).run(mending: false)
        #expect(Set(dry.map(\.kind)) == [.good, .oneSlotBad, .deadOrphan, .unborn, .foreign])
        let mended = try await FileRepair(folder: fixture.path).run(mending: true)
        #expect(mended.filter(\.isMended).map(\.kind).count == 3)
        let after = try await FileRepair(folder: fixture.path).run(mending: true)
        #expect(Set(after.map(\.kind)) == [.good, .foreign])
        #expect(try OpenFile.open(try fixture.statePath("kept"), O_RDONLY).read(at: 0, count: 1 << 16) == untouched)
        guard case .renewed? = await backend.renew([grant], deadline: fixture.soon).first else {
            Issue.record("repair took a living lock")
            return
        }
    }

    @Test("A state under another's file name, behind a link, or that is no file is refused")
    func foreignState() async throws {
        let grant = try await hold("one")
        #expect(try await backend.release(grant, deadline: fixture.soon) == .released)
        rename(try fixture.statePath("one"), try fixture.statePath("two"))
        #expect(await #expect(throws: LockError.self) { try await hold("two") }?.code == .corruptState)
        symlink("/etc/hostname", try fixture.statePath("three"))
        let linked = await #expect(throws: LockError.self) { try await hold("three") }
        #expect(linked?.code == .unsuitableStorage)
        mkdir(try fixture.statePath("four"), 0o700)
        await #expect(throws: LockError.self) { try await hold("four") }
        let newer = try OpenFile.open(try fixture.statePath("five"), O_RDWR | O_CREAT)
        var head = SlotHeader(sequence: 1, bodyOffset: 64, bodyLength: 0, bodyChecksum: 0).encoded
        head[8] = 9
        var writer = RecordWriter()
        writer.write(CRC64.checksum(Array(head[..<48])))
        head.replaceSubrange(48..<56, with: writer.bytes)
        try newer.write(head, at: 0)
        let future = await #expect(throws: LockError.self) { try await hold("five") }
        #expect(future?.message.contains("newer Lockstead") == true)
        #expect(
            try await FileRepair(folder: fixture.path).run(mending: true).contains {
                $0.kind == .newerFormat(9) && !$0.isMended
            })
    }
}
