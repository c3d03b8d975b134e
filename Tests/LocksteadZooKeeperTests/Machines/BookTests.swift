import Jute
import Lockstead
import Testing

@testable import LocksteadZooKeeper

@Suite("What a client of ZooKeeper keeps in mind")
struct BookTests {
    private let start = ContinuousTime(nanoseconds: 5_000_000_000)

    @Test("The servers' clock runs on from its last reading, and a reading is good for a minute")
    func clock() {
        var clock = ServerClock()
        #expect(clock.milliseconds(at: start) == nil)
        clock.saw(1_000, at: start)
        #expect(clock.milliseconds(at: start.advanced(by: .seconds(2))) == 3_000)
        #expect(clock.milliseconds(at: start.advanced(by: .seconds(60))) == nil)
    }

    @Test("A value's end is the last one that was set, and is told once")
    func ends() {
        var ends = RegisterEnds()
        ends.set("/a", written: 7, at: start)
        ends.set("/a", written: 9, at: start.advanced(by: .seconds(1)))
        ends.set("/b", written: 8, at: start)
        ends.forget("/b")
        let early = ends.take(at: start)
        let next = ends.next
        #expect(early.isEmpty && next == start.advanced(by: .seconds(1)))
        let due = ends.take(at: start.advanced(by: .seconds(1)))
        #expect(due.count == 1 && due.first?.path == "/a" && due.first?.transaction == 9)
        let late = ends.take(at: start.advanced(by: .seconds(2)))
        #expect(late.isEmpty)
    }

    @Test("What is said to a session is read as it was written, and old words make room for new ones")
    func orders() {
        var orders = Orders([])
        for number in 0..<300 { orders.add(RequestID(high: 0, low: UInt64(number)), "a reason, with\nlines") }
        let read = Orders(orders.data)
        #expect(read == orders && read.revoked.count == 200)
        #expect(read.revoked.first?.request == RequestID(high: 0, low: 100))
        #expect(read.revoked.first?.reason == "a reason, with\nlines")
        #expect(Orders(Array("no id at all\nffff x".utf8)).revoked.isEmpty)
    }

    @Test("Watches are told of what concerns them, and no others")
    func watches() throws {
        var table = WatchTable()
        let (bell, inbox) = (LookBell(), EventInbox())
        let (node, children) = (NodeWatch(.node, "/a", bell), NodeWatch(.children, "/a", bell))
        table.add(node)
        table.add(children)
        table.add(inbox, below: "/teams")
        #expect(table.watches(for: .init(.childrenChanged, "/a")).map(\.kind) == [.children])
        #expect(table.watches(for: .init(.dataChanged, "/a")).map(\.kind) == [.node])
        #expect(table.watches(for: .init(.deleted, "/a")).count == 2)
        #expect(table.watches(for: .init(.deleted, "/a/b")).isEmpty)
        #expect(table.inboxes(for: .init(.created, "/teams/x")).count == 1)
        #expect(table.inboxes(for: .init(.created, "/teamsters")).isEmpty)
        #expect(table.frames(since: 1).count == 3, "nodes, children, and what lies below")
        table.remove(node)
        #expect(table.watches(for: .init(.dataChanged, "/a")).isEmpty)
        let isLast = table.remove(inbox, below: "/teams")
        #expect(isLast)
    }

    @Test("A watch tells once, and an end is final")
    func tellsOnce() {
        let watch = NodeWatch(.node, "/a", LookBell())
        watch.isSet = true
        watch.tell(.deleted)
        #expect(!watch.isSet && watch.happened == .deleted && watch.take() && !watch.take())
        watch.tell(.created)
        #expect(watch.happened == .deleted)
    }

    @Test("Many watches are set anew in pieces that a server takes")
    func pieces() {
        var table = WatchTable()
        for number in 0..<5_000 {
            table.add(NodeWatch(.node, "/" + String(repeating: "x", count: 90) + "\(number)", LookBell()))
        }
        let frames = table.frames(since: 1)
        #expect(frames.count == 5 && frames.allSatisfy { $0.count < 120_000 })
    }

    @Test("What a server says of itself is read, and what no ZooKeeper says is not")
    func statuses() {
        let text =
            "Zookeeper version: 3.8.0-${mvngit.commit.id}, built on 2023\nLatency min/avg/max: 0/1.0/2\nMode: follower\n"
        let status = ServerStatus(text)
        #expect(status?.version == "3.8.0" && status?.mode == .follower && status?.watchesBelow == true)
        #expect(ServerStatus("Zookeeper version: 3.5.9-83df\nMode: leader")?.watchesBelow == false)
        #expect(ServerStatus("This ZooKeeper instance is not currently serving requests\n")?.isIdle == true)
        #expect(ServerStatus("-ERR unknown command\r\n") == nil)
    }
}
