import Lockstead
import Testing

@testable import LocksteadEtcd

@Suite("Keys and values in the store")
struct LayoutTests {
    private let naming = LockNaming(prefix: "app/")
    private let request = RequestID(high: 0xab, low: 0xcd)

    @Test(
        "A contender's key is the name, its lease in hexadecimal digits as etcd's own package writes it, and the request"
    )
    func keys() throws {
        let keys = naming.keys(of: try LockName("orders/42"))
        let key = keys.contender(LeaseID(rawValue: 0x694d_7a3c_01ff_e90a), request)
        #expect(String(decoding: key, as: UTF8.self) == "app/orders/42/694d7a3c01ffe90a-\(request)")
        #expect(keys.isContender(key) && keys.isContender(Array("app/orders/42/694d7a3c01ffe90a".utf8)))
        let read = try #require(naming.contender(key))
        #expect(read.name.text == "orders/42" && read.key.request == request)
        #expect(read.key.lease == LeaseID(rawValue: 0x694d_7a3c_01ff_e90a))
    }

    @Test(
        "Keys of names below, of other programs and of the engine's own notes are no contenders (RULES 31)",
        arguments: [
            "app/a/b/1f", "app/a/xyz", "app/a/", "app/a/1f-", "app/a/1f-A", "app/a/1F", "app/a/1f/2", "app/a",
            "app/a\u{1}withdrawn/1f", "app/ab/1f", "a/1f", "app/a/0123456789abcdef0",
        ])
    func foreign(key: String) throws {
        #expect(!naming.keys(of: try LockName("a")).isContender(Array(key.utf8)), "\(key)")
    }

    @Test("What is beside a lock can be nobody's contender")
    func notes() throws {
        let keys = naming.keys(of: try LockName("a"))
        for key in [keys.withdrawal(of: request), naming.message(to: LeaseID(rawValue: 1), about: request)] {
            #expect(naming.contender(key) == nil)
        }
    }

    @Test("A prefix's range ends where the last key with that prefix does")
    func ranges() {
        #expect(KeyRange(prefix: [1, 2]).end == [1, 3])
        #expect(KeyRange(prefix: [1, 0xFF]).end == [2])
        #expect(KeyRange(prefix: [0xFF]).end == [0])
        // No key is empty, and a range may not begin with none.
        #expect(KeyRange(prefix: []).start == [0] && KeyRange(prefix: []).end == [0])
        #expect(KeyRange(only: [1]).end.isEmpty)
    }

    @Test("A record is read as it was written, whatever its texts hold")
    func records() throws {
        let note = HolderNote(host: "h ö", processID: 7, purpose: "a,b %", traceID: "\n")
        for mode in [LockMode.exclusive, .shared, .permits(count: 2, limit: 5)] {
            var record = ContenderRecord(mode: mode, owner: OwnerID(high: 1, low: 2), since: 3, lease: 4, note: note)
            #expect(ContenderRecord(record.bytes) == record)
            (record.phase, record.reason) = (.revoked, "it hangs, I think")
            #expect(ContenderRecord(record.bytes) == record)
            record.names = [try LockName("a b"), try LockName("c,d/é")]
            #expect(ContenderRecord(record.bytes) == record)
        }
    }

    @Test(
        "A value that another program wrote is no record",
        arguments: ["", "lockstead:1", "x", "lockstead:1 x p 0 0 0 h,0,, -", "lockstead:2 x p 0 0 0 h -"])
    func foreignRecords(text: String) { #expect(ContenderRecord(Array(text.utf8)) == nil) }

    @Test(
        "A record that no client of ours writes is another program's, and traps nothing",
        arguments: [
            ("x", "-1", "0"), ("x", "0", "-1"), ("x", "\(Int64.min)", "0"), ("p:0:3", "0", "0"), ("p:4:3", "0", "0"),
            ("p:1:0", "0", "0"), ("p:-1:-1", "0", "0"),
        ])
    func hostileRecords(mode: String, since: String, lease: String) {
        let owner = OwnerID(high: 1, low: 2)
        let text = { (mode: String, since: String, lease: String) in
            "lockstead:1 \(mode) p \(owner) \(since) \(lease) h,1,, -"
        }
        #expect(ContenderRecord(Array(text("x", "0", "0").utf8)) != nil)
        #expect(ContenderRecord(Array(text(mode, since, lease).utf8)) == nil)
    }

    @Test("Versions are read, and known by whether they keep leases (RULES 31)")
    func versions() throws {
        for text in ["3.4.38", "3.5.23", "3.6.5", "3.5.99", "3.7.0", "4.0.0", "3.6.10-rc.1"] {
            #expect(try #require(EtcdVersion(text)).keepsLeases, "\(text)")
        }
        for text in ["3.4.23", "3.4.37", "3.5.1", "3.5.22", "3.6.4", "3.3.99", "2.9.0"] {
            let version = try #require(EtcdVersion(text))
            #expect(!version.keepsLeases && version.guarantee.exclusion == .advisory, "\(text)")
        }
        for text in ["", "3", "3.4", "a.b.c", "3..1"] { #expect(EtcdVersion(text) == nil, "\(text)") }
    }
}
