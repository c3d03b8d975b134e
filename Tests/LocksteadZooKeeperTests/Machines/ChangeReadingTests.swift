import Jute
import Lockstead
import Testing

@testable import LocksteadZooKeeper

/// What a reader of changes makes of what it was told, and of what it has yet to look at.
@Suite("What a watch of ZooKeeper was told")
struct ChangeReadingTests {
    private let naming = LockNaming(chroot: "", prefix: "")
    private var reading: ChangeReading { ChangeReading(ChangeMachine([:])) }

    private func event(_ kind: ZKEvent.Kind, _ path: String) -> EventInbox.News {
        .happened(ZKEvent(kind, path))
    }

    @Test(
        "What is said of a node counts as long as the word's node is there",
        arguments: [PassingWord.Kind.revoked, .ended, .forced])
    func words(kind: PassingWord.Kind) {
        var reading = reading
        let word = PassingWord(kind, "node")
        reading.heard(word, .created)
        #expect(reading.words == ["node": kind])
        reading.heard(PassingWord(kind, "other"), .deleted)
        #expect(reading.words == ["node": kind])
        reading.heard(word, .dataChanged)
        #expect(reading.words == ["node": kind])
        reading.heard(word, .deleted)
        #expect(reading.words.isEmpty)
    }

    @Test("That a session is given back is remembered after the word has gone, for the last thousand of them")
    func closing() {
        var reading = reading
        let word = PassingWord(.closing, LockNaming.text(of: 7))
        #expect(!reading.isClosing(7))
        reading.heard(word, .created)
        reading.heard(word, .deleted)
        #expect(reading.isClosing(7) && !reading.isClosing(8))
        #expect(reading.words.isEmpty)
        for session in 1_000..<2_000 {
            reading.heard(PassingWord(.closing, LockNaming.text(of: Int64(session))), .created)
        }
        #expect(reading.isClosing(1_000) && reading.isClosing(1_999))
        reading.heard(PassingWord(.closing, LockNaming.text(of: 2_000)), .created)
        #expect(!reading.isClosing(7))
    }

    @Test("A session that is given back by something yet unread is known to be, and by nothing else")
    func closingUnread() {
        var reading = reading
        let word = naming.path(of: PassingWord(.closing, LockNaming.text(of: 7)))
        reading.unread = [event(.deleted, word), .gap, event(.created, "/a/_c_1-lock-0000000001")]
        #expect(!reading.isClosing(7))
        reading.unread.append(event(.created, word))
        #expect(reading.isClosing(7) && !reading.isClosing(0x77))
    }

    @Test("What happened to a node and was not read yet is found by its kind and its path")
    func unread() {
        var reading = reading
        reading.unread = [event(.deleted, "/a/b"), event(.created, "/a/c"), .gap, .lost]
        #expect(reading.hasYet(.deleted, "/a/b") && reading.hasYet(.created, "/a/c"))
        #expect(!reading.hasYet(.created, "/a/b") && !reading.hasYet(.deleted, "/a") && !reading.hasYet(.deleted, "/b"))
        _ = reading.unread.popFirst()
        #expect(!reading.hasYet(.deleted, "/a/b"))
    }
}
