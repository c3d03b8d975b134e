import Glibc
package import Lockstead
import LocksteadGuards
import LocksteadTesting
import Testing

@Suite("Fenced file", .timeLimit(.minutes(1)))
struct FencedFileTests {
    let place: ScratchFolder
    let file: FencedFile

    init() throws {
        place = try ScratchFolder()
        file = FencedFile(place.path(of: "ledger"))
    }

    @Test("Enter raises the token and reads; a lower token is refused for reads and writes (S6, S6b)")
    func refusesStale() async throws {
        #expect(try await file.enter(5) == [])
        try await file.write(5, [1])
        #expect(try await file.enter(6) == [1])
        let late = await #expect(throws: GuardError.self) { try await file.write(5, [2]) }
        #expect(late?.code == .stale && late?.seen == 6 && late?.effect == .didNotHappen)
        await #expect(throws: GuardError.self) { _ = try await file.read(5) }
        #expect(try await file.read(6) == [1])
    }

    @Test("A link in the place of the file is refused for reads and writes, and stays what it was")
    func refusesLinks() async throws {
        let target = place.path(of: "target")
        #expect(symlink(target, file.path) == 0)
        await #expect(throws: GuardError.self) { _ = try await file.enter(5) }
        await #expect(throws: GuardError.self) { try await file.write(5, [1]) }
        #expect(try FileStatus.of(file.path)?.isRegularFile == false)
        #expect(try FileStatus.of(target) == nil)
    }

    @Test("What was seen survives the object: another one refuses the same token (S6)")
    func isDurable() async throws {
        _ = try await file.enter(9)
        let other = FencedFile(file.path)
        let error = await #expect(throws: GuardError.self) { _ = try await other.enter(8) }
        #expect(error?.seen == 9)
    }

    @Test("The schedule of RULES 8 loses no update behind a fence, and loses one behind a guard of writes only")
    func scheduleOfRules8() async throws {
        // A reads under 5 and pauses, B reads under 6, A writes, B overwrites.
        let first = try await file.enter(5)
        let second = try await file.enter(6)
        await #expect(throws: GuardError.self) { try await file.write(5, first + [5]) }
        try await file.write(6, second + [6])
        #expect(
            try await file.read(6) == [6], "A's write was refused, so nothing was lost: A knows that it must start over"
        )

        var control = WriteOnlyGuard()
        let (a, b) = (control.read(5), control.read(6))
        let accepted = [control.write(5, a + [5]), control.write(6, b + [6])]
        #expect(accepted == [true, true], "the control accepts A's write, and B's")
        #expect(control.contents == [6], "and B overwrites it unseen: an accepted update is lost")
    }

    @Test("A token of another store is refused until that store is registered, and then the old store's are (RULES 7)")
    func lineages() async throws {
        let berlin = FencedFile(file.path, lineage: "berlin")
        _ = try await berlin.enter(100)
        let paris = FencedFile(file.path, lineage: "paris")
        let error = await #expect(throws: GuardError.self) { _ = try await paris.enter(200) }
        #expect(error?.code == .foreignLineage)
        try await berlin.register(successor: "paris")
        _ = try await berlin.enter(101)
        _ = try await paris.enter(3)
        let old = await #expect(throws: GuardError.self) { _ = try await berlin.enter(102) }
        #expect(old?.code == .foreignLineage)
        #expect(try await paris.fence() == Fence(lineage: "paris", seen: 3))
    }

    @Test("A crash between the raise and the replacement leaves the old contents, whole, behind the new token")
    func crashBetween() async throws {
        try await file.write(1, Array("old".utf8))
        // What a crash in the middle of a write under 2 leaves behind: the fence raised, the next contents half written.
        _ = try await file.enter(2)
        try place.write("ledger.next", Array("ne".utf8))
        #expect(try await FencedFile(file.path).enter(3) == Array("old".utf8))
        try await file.write(3, Array("new".utf8))
        #expect(try await file.read(3) == Array("new".utf8))
    }

    @Test("A damaged fence is refused, never taken for one that has seen nothing")
    func damagedFence() async throws {
        _ = try await file.enter(7)
        try place.write("ledger.fence", [UInt8](repeating: 0x55, count: 8192))
        let error = await #expect(throws: GuardError.self) { _ = try await file.enter(8) }
        #expect(error?.code == .corrupt)
    }

    @Test("A process that is stopped at work on the file stops nobody for longer than their patience")
    func stuckProcess() async throws {
        _ = try await file.enter(1)
        let other = try OpenFile.open(place.path(of: "ledger.fence"), O_RDWR)
        #expect(try other.tryLock(.exclusive))
        let hasty = FencedFile(file.path, patience: .milliseconds(50))
        let error = await #expect(throws: GuardError.self) { _ = try await hasty.enter(2) }
        #expect(error?.code == .busy)
        other.unlock()
        _ = try await hasty.enter(2)
    }

    @Test("Many writers under rising tokens: whatever is accepted is in the file, in order")
    func manyWriters() async throws {
        let accepted = await withTaskGroup(of: UInt8?.self) { group in
            for number in UInt8(1)...40 {
                group.addTask { [path = file.path] in
                    let file = FencedFile(path)
                    let token = FencingToken(rawValue: UInt64(number))
                    // Refused where a higher token came first: that is the point.
                    guard let read = try? await file.enter(token),
                        (try? await file.write(token, read + [number])) != nil
                    else { return nil }
                    return number
                }
            }
            return await group.reduce(into: [UInt8]()) { $0 += [$1].compactMap(\.self) }
        }
        let contents = try await file.enter(50)
        #expect(contents == accepted.sorted(), "no accepted update is lost")
        #expect(contents.last == 40, "the highest token is never refused")
    }
}

/// A guard that checks tokens at writes only: the wrong way, which must lose updates, or the tests above prove nothing.
private struct WriteOnlyGuard {
    var contents: [UInt8] = []
    var seen: FencingToken = 0

    func read(_ token: FencingToken) -> [UInt8] { contents }

    mutating func write(_ token: FencingToken, _ new: [UInt8]) -> Bool {
        guard token >= seen else { return false }
        (seen, contents) = (token, new)
        return true
    }
}

extension FencingToken: ExpressibleByIntegerLiteral {
    package init(integerLiteral value: UInt64) { self.init(rawValue: value) }
}
