import Lockstead
import Testing

@testable import LocksteadZooKeeper

@Suite("Names and paths on ZooKeeper")
struct LayoutTests {
    private static let request = RequestID(high: 0xC0DE_0000_0000_0001, low: 0x0000_0000_0000_00FF)

    @Test(
        "What each layout writes is read as the same request and the same mode",
        arguments: ZooKeeperLayout.allCases, [LockMode.exclusive, .shared, .permits(count: 2, limit: 4)])
    func roundTrip(layout: ZooKeeperLayout, mode: LockMode) {
        let text = layout.prefix(of: Self.request, mode) + "0000000042"
        let name = ContenderName(text)
        #expect(name?.mode == mode && name?.sequence == 42 && name?.request == Self.request)
        #expect(text.hasPrefix(layout.start(of: Self.request)))
    }

    @Test(
        "Other programs' contenders are read",
        arguments: [
            ("_c_0e4a7e4f-53d1-4a0a-8b0e-0d3d0a3e9c11-lock-0000000007", LockMode.exclusive),
            ("0e4a7e4f53d14a0a8b0e0d3d0a3e9c11__lock__0000000007", .exclusive), ("lock-0000000007", .exclusive),
            ("_c_x-__READ__0000000007", .shared), ("_c_x-__WRIT__0000000007", .exclusive),
            ("abc__rlock__0000000007", .shared),
        ])
    func foreign(text: String, mode: LockMode) {
        #expect(ContenderName(text)?.mode == mode && ContenderName(text)?.sequence == 7)
    }

    @Test(
        "What is no contender is none",
        arguments: [
            "", "lock", "lock-", "lock-1", "lock-000000001", "lock-00000000001", "airlock-0000000001", "0000000001",
            "x-lease-0000000001", "0of4-lease-0000000001", "5of4-lease-0000000001", "lock-9999999999",
            "~register-value", "lock-00000000０1",
        ])
    func noContender(text: String) { #expect(ContenderName(text) == nil) }

    @Test("Behind the highest number comes the lowest, and places keep their order (R34)")
    func wrap() {
        let texts = ["lock-2147483646", "lock-2147483647", "lock--2147483648", "lock--2147483647", "lock--000000005"]
        let queue = ContenderQueue(children: texts.shuffled())
        #expect(queue.contenders.map(\.name.text).prefix(4) == texts.prefix(4))
        #expect(ContenderName(texts[4])?.sequence == -5)
        #expect(queue.holders.map(\.name.text) == [texts[0]])
        #expect(queue.isWornOut && !ContenderQueue(children: ["lock-2147483646"]).isWornOut)
    }

    @Test("Servers that have counted to the end give numbers twice: then the transactions tell who came first")
    func wornOut() throws {
        let texts = ["_c_b-lock-2147483647", "_c_a-lock-2147483647", "_c_c-lock--2147483648"]
        var contenders = texts.compactMap { ContenderName($0) }.map { Contender($0) }
        for (place, created) in [20, 30, 10].enumerated() { contenders[place].created = Int64(created) }
        #expect(ContenderQueue(contenders.shuffled()).contenders.map(\.created) == [10, 20, 30])
    }

    @Test(
        "A name's path leads back to it",
        arguments: [
            "a", "orders/42", "ä/ö", "100%", "emoji 🔒", "zookeeper/quota", "a/_c_x-lock-0000000001", "A", "%sessions",
            "~sessions", "~",
            "x\u{E000}", "a b?c#d",
        ])
    func paths(text: String) throws {
        let name = try LockName(text)
        for naming in [LockNaming(chroot: "", prefix: ""), LockNaming(chroot: "/teams/a", prefix: "p/")] {
            let path = naming.paths(of: name).queue
            #expect(naming.name(ofQueue: path) == name)
            // What ZooKeeper takes: no surrogates, none of its own, and no segment that would be taken for a contender of the one above.
            #expect(path.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value < 0xD800 })
            #expect(!path.hasPrefix("/zookeeper"))
            #expect(!path.split(separator: "/").contains { ContenderName(String($0)) != nil })
            #expect(naming.contender(path + "/lock-0000000001")?.name == name)
            #expect(naming.register(path + "/~register-value") == name)
        }
    }

    @Test("An exclusive request keeps the one before it alone, and knows that there were more")
    func cut() throws {
        let texts = (1...5).map { "lock-000000000\($0)" }
        let own = try #require(ContenderName(texts[3]))
        var place = ZooKeeperBackend.Place(created: 9, own: [own], queues: [ContenderQueue(children: texts)])
        #expect(place.queues[0].contenders.map(\.name.text) == [texts[2], texts[3]])
        let isTold = place.left(texts[2], at: 0)
        #expect(!isTold, "others were there, too")
        place.read(ContenderQueue(children: [texts[0], texts[3]]), at: 0)
        let isFirst = place.left(texts[0], at: 0)
        #expect(isFirst)
    }

    @Test("A reader keeps all before it, because a writer among them matters")
    func readers() throws {
        let texts = ["_c_a-lock-0000000001", "_c_b-__READ__0000000002", "_c_c-__READ__0000000003"]
        let own = try #require(ContenderName(texts[2]))
        let place = ZooKeeperBackend.Place(created: 9, own: [own], queues: [ContenderQueue(children: texts)])
        #expect(place.queues[0].contenders.count == 3)
        #expect(QueueStanding(of: own.text, created: nil, in: place.queues[0]) == .behind(texts[0]))
    }
}
