import Lockstead
import Testing
import TestServers

@testable import LocksteadZooKeeper

@Suite("Who watches a ZooKeeper server", .timeLimit(.minutes(2)))
struct WatchTests {
    @Test("A watch that is far behind still tells each end for what it was, though the nodes are gone when it looks")
    func farBehind() async throws {
        let server = try await ZooKeeperServer()
        defer { server.kill() }
        try await ZooKeeperFixture.with([server]) { watcher in
            let changes = watcher.backend.changes(prefix: "")
            // Whatever is read after the call is read after the watch has begun.
            _ = try await watcher.backend.inspect(try LockName("a"), deadline: watcher.soon)
            try await ZooKeeperFixture.with([server]) { try await Self.end($0) }
            var told: [String: [LockChange.Kind]] = [:]
            for try await change in changes where !change.name.text.hasPrefix("busy") {
                told[change.name.text, default: []].append(change.kind)
                if change.name.text == "last", change.kind == .granted { break }
            }
            #expect(told["capped"] == [.granted, .expired])
            #expect(told["forced"] == [.granted, .revoked])
            #expect(told["revoked"] == [.granted, .revoked, .released])
            #expect(told["given back"] == [.granted, .released])
        }
    }

    /// Much happens to others, so that the watch is busy while the ends happen; then the session is given back.
    private static func end(_ fixture: ZooKeeperFixture) async throws {
        var capped = try fixture.request("capped")
        capped.terms = HoldTerms(maximumHold: .milliseconds(50))
        let forced = try await fixture.hold("forced")
        let revoked = try await fixture.hold("revoked")
        let last = try await fixture.hold("given back")
        _ = try await fixture.grant(capped)
        // Owned by this test, which awaits it.
        let busy = try (0..<300).map { number in
            let request = try fixture.request("busy \(number)")
            return Task {
                _ = try await fixture.backend.release(try await fixture.grant(request), deadline: fixture.soon)
            }
        }
        for (grant, isImmediate) in [(forced, true), (revoked, false)] {
            _ = try await fixture.backend.forceRelease(
                grant.names[0], reason: "test", now: isImmediate, deadline: fixture.soon)
        }
        for task in busy { try await task.value }
        try await fixture.waitUntil("the cap has ended its grant") {
            try await fixture.backend.inspect(try LockName("capped"), deadline: fixture.soon) == nil
        }
        for grant in [revoked, last] { _ = try await fixture.backend.release(grant, deadline: fixture.soon) }
        _ = try await fixture.hold("last")
    }

    @Test(
        "What is said in passing is read from a node's name, and nothing else is taken for it",
        arguments: PassingWord.Kind.allCases)
    func words(kind: PassingWord.Kind) throws {
        let naming = LockNaming(chroot: "/team", prefix: "")
        let word = PassingWord(kind, "_c_0e4a7e4f-lock-0000000007")
        #expect(naming.word(naming.path(of: word)) == word)
        #expect(naming.word(naming.session(0x7F)) == nil)
        #expect(naming.word("/team/~\(kind.rawValue)-x") == nil)
        #expect(naming.word(naming.sessions + "/~nothing-x") == nil)
        let whole = LockNaming(chroot: "", prefix: "")
        #expect(whole.word(naming.path(of: word)) == word, "of other prefixes, too")
        #expect(whole.contender(naming.path(of: word)) == nil, "and never a lock of theirs")
    }
}
