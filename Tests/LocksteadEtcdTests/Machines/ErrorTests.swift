import GRPCCore
import Lockstead
import Testing

@testable import LocksteadEtcd

@Suite("What failures of members come to")
struct ErrorTests {
    private let member = EtcdEndpoint("host")

    private func judged(_ code: RPCError.Code, _ text: String, isSent: Bool = true) -> EtcdError {
        EtcdError(RPCError(code: code, message: text), from: member, isSent: isSent)
    }

    @Test("What was not sent did not happen; what was sent and lost may have")
    func effects() {
        #expect(judged(.unavailable, "subchannel isn't ready", isSent: false).code == .unreachable)
        #expect(judged(.unavailable, "subchannel isn't ready", isSent: false).effect == .didNotHappen)
        #expect(judged(.unavailable, "Stream unexpectedly closed.").effect == .mayHaveHappened)
        #expect(judged(.deadlineExceeded, "RPC timed out").effect == .mayHaveHappened)
        #expect(judged(.unavailable, "etcdserver: request timed out").effect == .mayHaveHappened)
    }

    @Test("Members' own words are told apart, and say what to do")
    func words() {
        #expect(judged(.unavailable, "etcdserver: no leader").code == .noLeader)
        #expect(judged(.notFound, "etcdserver: requested lease not found").code == .noSuchLease)
        #expect(judged(.outOfRange, "etcdserver: mvcc: required revision has been compacted").code == .compacted)
        #expect(judged(.resourceExhausted, "etcdserver: mvcc: database space exceeded").engineFault == .full)
        #expect(judged(.unauthenticated, "etcdserver: invalid auth token").code == .tokenRefused)
        #expect(judged(.invalidArgument, "etcdserver: user name is empty").code == .authenticationFailed)
        let denied = judged(.permissionDenied, "etcdserver: permission denied")
        #expect(LockError(denied).code == .permissionDenied && denied.effect == .didNotHappen)
        #expect(
            LockError(judged(.invalidArgument, "etcdserver: authentication failed, invalid user ID or password")).code
                == .permissionDenied)
    }

    @Test("Only what may subside is tried again, and only what another member may do better is asked of it")
    func retries() {
        #expect(judged(.unavailable, "etcdserver: no leader").suggestsAnotherMember)
        #expect(!judged(.permissionDenied, "etcdserver: permission denied").suggestsAnotherMember)
        #expect(!judged(.permissionDenied, "etcdserver: permission denied").maySubside)
        #expect(judged(.unavailable, "gone").maySubside)
    }
}
