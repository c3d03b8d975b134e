import Testing

@testable import LocksteadEtcd

@Suite("Watches on one stream")
struct WatchMachineTests {
    private func answer(_ id: Int64, events: [Int64] = [], header: Int64 = 0) -> Etcdserverpb_WatchResponse {
        var answer = Etcdserverpb_WatchResponse()
        answer.watchID = id
        answer.header.revision = header
        answer.events = events.map { revision in
            var event = Etcdserverpb_Event()
            event.kv.modRevision = revision
            return event
        }
        return answer
    }

    private func start(_ request: Etcdserverpb_WatchRequest?) -> Int64? { request?.createRequest.startRevision }

    @Test("What is watched before there is a stream is asked for when there is one")
    func before() {
        var machine = WatchMachine()
        let (first, none) = machine.add(KeyRange(only: [1]), from: 5)
        #expect(none == nil)
        let requests = machine.connected()
        #expect(requests.count == 1 && start(requests.first) == 5)
        let (second, request) = machine.add(KeyRange(prefix: [2]), from: 6)
        #expect(second != first && start(request) == 6)
    }

    @Test("The next stream goes on behind the last event that was heard, not behind the header, which may be ahead")
    func resumption() {
        var machine = WatchMachine()
        let (id, _) = machine.add(KeyRange(only: [1]), from: 5)
        _ = machine.connected()
        #expect(machine.received(answer(id, events: [7, 9], header: 50)).watch == id)
        machine.disconnected()
        #expect(machine.connected().map { start($0) } == [10])
    }

    @Test("A prompt watch begins with the present, is told once where the store has moved on, and goes on from there")
    func prompt() {
        var machine = WatchMachine()
        let (late, _) = machine.add(KeyRange(only: [1]), from: 5, isPrompt: true)
        let (inStep, _) = machine.add(KeyRange(only: [2]), from: 6, isPrompt: true)
        let (whole, _) = machine.add(KeyRange(only: [3]), from: 2)
        #expect(machine.connected().map { start($0) } == [0, 0, 2])
        var created = answer(late, header: 5)
        created.created = true
        #expect(machine.received(created) == .news(late, .behind))
        for id in [inStep, whole] {
            created.watchID = id
            #expect(machine.received(created) == .nothing)
        }
        machine.disconnected()
        #expect(machine.connected().map { start($0) } == [6, 6, 2])
        (created.watchID, created.header.revision) = (late, 50)
        #expect(machine.received(created) == .nothing, "all would read at once where a stream was lost")
    }

    @Test("A watch that asks for what is no longer kept is told so, and is over")
    func compaction() {
        var machine = WatchMachine()
        let (id, _) = machine.add(KeyRange(only: [1]), from: 5)
        _ = machine.connected()
        var cancelled = answer(id)
        (cancelled.canceled, cancelled.compactRevision) = (true, 40)
        #expect(machine.received(cancelled) == .news(id, .compacted))
        #expect(machine.isEmpty && machine.received(answer(id, events: [41])) == .nothing)
    }

    @Test(
        "A refusal, which names no watch, is that of the oldest that was asked for: tried with a new login, then told")
    func refusal() {
        var machine = WatchMachine()
        let (first, _) = machine.add(KeyRange(only: [1]), from: 5)
        let (second, _) = machine.add(KeyRange(only: [2]), from: 6)
        var (created, refused) = (answer(first), answer(-1))
        created.created = true
        (refused.canceled, refused.created, refused.cancelReason) = (true, true, "permission denied")
        _ = machine.connected()
        #expect(machine.received(created) == .nothing)
        #expect(machine.received(refused) == .logInAnew)
        machine.disconnected()
        #expect(machine.connected().map { start($0) } == [5, 6])
        #expect(machine.received(created) == .nothing)
        #expect(machine.received(refused) == .news(second, .refused("permission denied")))
        machine.disconnected()
        #expect(machine.connected().map { start($0) } == [5])
    }

    @Test("A sign of progress moves an idle watch on, and a fragment's revision is asked for again")
    func progress() {
        var machine = WatchMachine()
        let (id, _) = machine.add(KeyRange(only: [1]), from: 5)
        #expect(machine.connected().first?.createRequest.progressNotify == true)
        #expect(machine.received(answer(id, header: 40)) == .nothing)
        machine.disconnected()
        #expect(machine.connected().map { start($0) } == [41])
        var fragment = answer(id, events: [50, 50], header: 60)
        fragment.fragment = true
        #expect(machine.received(fragment).watch == id)
        machine.disconnected()
        #expect(machine.connected().map { start($0) } == [50])
        #expect(machine.received(answer(id, events: [.max])).watch == id)
    }

    @Test("What is cancelled hears no more, and the member is told where there is a stream")
    func cancelling() {
        var machine = WatchMachine()
        let (first, _) = machine.add(KeyRange(only: [1]), from: 5)
        #expect(machine.remove(first) == nil)
        _ = machine.connected()
        let (second, _) = machine.add(KeyRange(only: [1]), from: 5)
        #expect(machine.remove(second)?.cancelRequest.watchID == second)
        #expect(machine.remove(second) == nil && machine.received(answer(second, events: [6])) == .nothing)
    }
}

extension WatchMachine.Heard {
    /// Whose news it is.
    fileprivate var watch: WatchMachine.WatchID? { if case .news(let id, _) = self { id } else { nil } }
}
