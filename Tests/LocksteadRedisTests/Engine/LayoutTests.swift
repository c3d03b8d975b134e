import Lockstead
import Testing

@testable import LocksteadRedis

@Suite("Where locks lie on a server")
struct LayoutTests {
    @Test("All keys of a lock are in its slot, and no two locks share one")
    func keys() throws {
        let names = ["a", "{a}", "a{b}c", "a/b", "a b", "{a}b"]
        var seen: Set<String> = []
        for name in names {
            let keys = try LockNaming(prefix: "p:").keys(of: LockName(name))
            let tag = name.contains("{") ? tag(of: name) : "p:" + name
            for key in keys.scriptKeys.dropFirst() + [keys.register] {
                #expect(self.tag(of: key) == tag, "\(key)")
                #expect(seen.insert(key).inserted, "\(key) belongs to two locks")
            }
            #expect(seen.insert(keys.main).inserted)
        }
    }

    /// What a cluster hashes of a key.
    private func tag(of key: String) -> String {
        guard let open = key.firstIndex(of: "{"), let close = key[open...].firstIndex(of: "}"),
            key.index(after: open) < close
        else { return key }
        return String(key[key.index(after: open)..<close])
    }

    @Test(
        "Names with braces that are no hash tag, and names that end like our own keys, are refused",
        arguments: ["{", "}", "a{}", "{a}{b}", "}a{", "{{a}}", "a:fence", "{a}:queue", "x:register"])
    func refused(name: String) throws {
        let error = #expect(throws: LockError.self) { try LockNaming(prefix: "").keys(of: LockName(name)) }
        #expect(error?.code == .invalidName)
    }

    @Test("Records with times that no clock has are another program's, and extreme ones are told without a trap")
    func extremes() throws {
        let owner = String(repeating: "0", count: 32)
        func holder(_ ends: Int64, _ delay: Int64, _ least: Int64, _ since: Int64) -> HolderRecord? {
            HolderRecord("lockstead:1 x h r 1 \(ends) 1 \(delay) \(least) 0 \(since) \(owner) - c -")
        }
        for record in [
            holder(.min, 0, 0, 0), holder(0, .min, 0, 0), holder(0, 0, .min, 0), holder(0, 0, 0, .min),
            holder(0, 0, 0, -1),
        ] { #expect(record == nil) }
        let extreme = try #require(holder(.max, .max, .max, .max))
        for now in [Int64.min, 0, .max] {
            #expect(extreme.description(at: now).heldFor == .zero)
            let early = try #require(holder(1, .max, .max, 0))
            #expect(early.description(at: now).remaining ?? .zero >= .zero)
        }
        let waiter = "waiter x - - - - - - - - \(Int64.min) \(owner) - - -"
        #expect(WaiterRecord(waiter) == nil && WaiterRecord(waiter.replacing("\(Int64.min)", with: "5")) != nil)
    }

    @Test("A key is read back to its name, a queue to its lock, and a stranger's key to nothing")
    func names() throws {
        let naming = LockNaming(prefix: "p:")
        for text in ["a", "{a}b", "a/b c", "ä"] {
            let keys = try naming.keys(of: LockName(text))
            #expect(naming.name(ofMain: keys.main)?.text == text)
            #expect(naming.name(ofQueue: keys.queue)?.text == text)
        }
        for key in ["a", "p:", "p:/a", "p:a:fence", "{p:a}:fence"] {
            #expect(naming.name(ofMain: key) == nil, "\(key)")
        }
    }

    @Test("Glob signs in a prefix stand for themselves")
    func glob() { #expect("a*b?[c]\\".globEscaped == "a\\*b\\?\\[c\\]\\\\") }

    @Test("Notes, reasons and modes survive their way through a record")
    func words() throws {
        let note = HolderNote(host: "h,ö st", processID: 7, purpose: "100 % \n done", traceID: "")
        #expect(!note.word.contains(" "))
        #expect(HolderNote(word: note.word[...]) == note)
        for mode in [LockMode.exclusive, .shared, .permits(count: 2, limit: 9)] {
            #expect(LockMode(word: mode.word[...]) == mode)
        }
        #expect(LockMode(word: "p:2") == nil && LockMode(word: "y") == nil)
        for reason in ["", "-", "it hangs", "a%20b"] where reason != "-" {
            #expect(WakeMessage.reason(WakeMessage.word(ofReason: reason)[...]) == reason)
        }
    }

    @Test("A record of ours is read, and what others wrote is not taken for one")
    func records() throws {
        let id = String(repeating: "0", count: 31) + "1"
        let text = "lockstead:1 x h \(id) 42 2000 1000 300 0 0 1000 \(id) h,7,p,t chan -"
        let record = try #require(HolderRecord(text))
        #expect(record.isLive(at: 2_000) && !record.isLive(at: 2_001))
        #expect(record.description(at: 1_500).remaining == .milliseconds(500))
        #expect(record.description(at: 2_100).phase == .lockDelay)
        for foreign in ["", "lockstead:shared s", "3f2504e0", text + " more", "lockstead:1 x h"] {
            #expect(HolderRecord(foreign) == nil, "\(foreign)")
        }
    }

    @Test("Leases are rounded up to whole milliseconds, never down")
    func rounding() {
        #expect(Duration.milliseconds(5).millisecondsUp == 5)
        #expect((Duration.milliseconds(5) + .nanoseconds(1)).millisecondsUp == 6)
        #expect(Duration.zero.millisecondsUp == 0)
    }
}
