import Jute
import Lockstead
import Testing

@testable import LocksteadZooKeeper

@Suite("A session of ZooKeeper")
struct SessionMachineTests {
    private let start = ContinuousTime(nanoseconds: 1_000_000_000_000)
    private func at(_ milliseconds: Int) -> ContinuousTime { start.advanced(by: .milliseconds(milliseconds)) }

    private func connected(lag: Duration = .milliseconds(100)) -> SessionMachine {
        var machine = SessionMachine(timeout: .seconds(2), lag: lag, at: start)
        _ = machine.connected(.init(id: 7, password: [1]), timeout: .seconds(2), asked: at(0), at: at(1))
        return machine
    }

    private func answer(_ xid: Int32, error: Int32 = 0, _ body: (inout JuteWriter) -> Void = { _ in }) -> [UInt8] {
        var writer = JuteWriter()
        writer.int(xid)
        writer.long(50)
        writer.int(error)
        body(&writer)
        return Array(writer.frame.dropFirst(4))
    }

    private func endOfParts(_ writer: inout JuteWriter) {
        writer.int(-1)
        writer.boolean(true)
        writer.int(-1)
    }

    private func call(_ operation: ZKOperation) -> ZKCall { ZKCall(operation, deadline: .distantFuture) }

    @Test(
        "What waits for a connection is written in its order once there is one, and what is not wanted any more is not")
    func unsent() {
        var machine = SessionMachine(timeout: .seconds(2), lag: .zero, at: start)
        let calls = [call(.sync(path: "/a")), call(.sync(path: "/b")), call(.sync(path: "/c"))]
        for call in calls {
            let submission = machine.submit(call, at: start)
            #expect(submission == .waits)
        }
        calls[1].decide { _ in .failure(.sessionOver) }
        let frames = machine.connected(.init(id: 7, password: []), timeout: .seconds(2), asked: start, at: at(5))
        #expect(
            frames == [
                ZKOperation.sync(path: "/a").frame(xid: 1), ZKOperation.sync(path: "/c").frame(xid: 2),
            ])
    }

    private func pong(_ machine: inout SessionMachine, sent: Int, heard: Int) {
        machine.pinged(at: at(sent))
        _ = machine.received(answer(-2), at: at(heard))
    }

    @Test(
        "A committed answer proves life from when the leader had certainly heard of us; one of a single server proves nothing"
    )
    func proof() {
        var machine = connected()
        #expect(machine.proof == ProofOfLife(sent: at(0), touched: at(0)))
        pong(&machine, sent: 300, heard: 310)
        pong(&machine, sent: 440, heard: 450)
        _ = machine.submit(call(.sync(path: "/")), at: at(500))
        _ = machine.received(answer(1), at: at(510))
        #expect(machine.proof?.sent == at(0), "a deposed leader answers a sync, too")
        _ = machine.submit(call(.multi([.check(path: "/", version: -1)])), at: at(520))
        _ = machine.received(answer(2, endOfParts), at: at(530))
        // What a follower answered at 450 it may not have told the leader yet.
        #expect(machine.proof == ProofOfLife(sent: at(520), touched: at(300)))
    }

    @Test("An answer that cannot be read leaves its call to fail with the connection, and not to wait for its deadline")
    func unreadable() {
        var machine = connected()
        _ = machine.submit(call(.getChildren(path: "/", watch: false)), at: at(500))
        guard case .unreadable = machine.received(answer(1) { $0.int(.max) }, at: at(510)) else {
            Issue.record("it was taken for an answer")
            return
        }
        #expect(machine.disconnected().count == 1)
    }

    @Test("After a pause of ours a committed request proves no more than what was answered before the pause")
    func pause() {
        var machine = connected()
        pong(&machine, sent: 200, heard: 210)
        _ = machine.submit(call(.multi([])), at: at(1_900))
        _ = machine.received(answer(1, endOfParts), at: at(1_910))
        #expect(machine.proof == ProofOfLife(sent: at(1_900), touched: at(200)))
        let validity = machine.proof?.validity(for: .seconds(2))
        #expect(validity == .armed(at: at(1_900), for: .milliseconds(300)))
    }

    @Test("What lay in the socket of a server that was held up counts from its answers, not from when it was sent")
    func heldUp() {
        var machine = connected()
        for sent in [300, 600, 900] { machine.pinged(at: at(sent)) }
        _ = machine.submit(call(.multi([])), at: at(1_000))
        for _ in 0..<3 { _ = machine.received(answer(-2), at: at(1_200)) }
        _ = machine.received(answer(1, endOfParts), at: at(1_201))
        #expect(machine.proof == ProofOfLife(sent: at(1_000), touched: at(0)))
    }

    @Test(
        "That a session goes on is said by one server alone: a new connection proves nothing, and is where the next proof counts from"
    )
    func reconnected() {
        var machine = connected()
        let lost = machine.disconnected()
        #expect(lost.isEmpty)
        _ = machine.connected(.init(id: 7, password: [1]), timeout: .seconds(2), asked: at(1_000), at: at(1_005))
        #expect(machine.proof == ProofOfLife(sent: at(0), touched: at(0)))
        _ = machine.submit(call(.multi([])), at: at(1_010))
        _ = machine.received(answer(1, endOfParts), at: at(1_020))
        #expect(machine.proof == ProofOfLife(sent: at(1_010), touched: at(1_000)))
    }

    @Test(
        "Whoever waits has the session proved four times in its timeout, and no more often where a proof brings nothing new"
    )
    func proofsAreSpaced() {
        var machine = connected(lag: .milliseconds(600))
        #expect(machine.duties.proof == at(500))
        machine.asksProof(at: at(500))
        _ = machine.submit(call(.multi([])), at: at(500))
        _ = machine.received(answer(1, endOfParts), at: at(510))
        #expect(machine.proof == ProofOfLife(sent: at(500), touched: at(0)))
        #expect(machine.duties.proof == at(1_000))
    }

    @Test("An answer out of its turn, and one that cannot be read, end the connection")
    func outOfStep() {
        var machine = connected()
        _ = machine.submit(call(.sync(path: "/")), at: at(10))
        guard case .unreadable? = machine.received(answer(2), at: at(11)) else {
            Issue.record("an answer out of its turn was taken")
            return
        }
        guard case .unreadable? = machine.received([1, 2, 3], at: at(12)) else {
            Issue.record("three bytes were taken")
            return
        }
    }

    @Test("A lost connection loses the answers of what was written, and leaves the session as it is")
    func disconnected() {
        var machine = connected()
        let written = call(.delete(path: "/a"))
        _ = machine.submit(written, at: at(10))
        let lost = machine.disconnected()
        #expect(lost.count == 1 && machine.phase == .apart)
        #expect(machine.identity?.id == 7)
        let submission = machine.submit(call(.sync(path: "/")), at: at(20))
        #expect(submission == .waits)
    }

    @Test("A transaction whose session has expired says so in its parts, and the session is over")
    func expiredInParts() {
        var machine = connected()
        let call = call(.multi([.check(path: "/", version: -1)]))
        _ = machine.submit(call, at: at(10))
        let effect = machine.received(
            answer(1) { writer in
                writer.int(-1)
                writer.boolean(false)
                writer.int(-112)
                writer.int(-112)
                endOfParts(&writer)
            }, at: at(11))
        guard case .answer(_, .failure(let error))? = effect else {
            Issue.record("it was taken for carried out")
            return
        }
        #expect(error.code == .sessionExpired)
    }

    @Test("It pings ten times in its timeout, and gives a silent server up while there is time for another one")
    func duties() {
        let machine = connected()
        #expect(machine.duties.heartbeat == at(201))
        #expect(machine.duties.silence == at(801))
        #expect(!machine.isSilent(at: at(2_000)) && machine.isSilent(at: at(2_001)))
    }

    @Test("What is over takes no more calls")
    func over() {
        var machine = connected()
        _ = machine.submit(call(.sync(path: "/")), at: at(10))
        let ended = machine.ended()
        #expect(ended.count == 1)
        let submission = machine.submit(call(.sync(path: "/")), at: at(20))
        #expect(submission == .over)
    }
}
