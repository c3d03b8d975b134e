import Lockstead
import RESP
import Testing

@testable import LocksteadRedis

struct ClusterDetourTests {
    private static let asked = RedisEndpoint.host("seed", port: 7000)

    private static func error(_ text: String, isScript: Bool = false) -> RedisError {
        RedisError(RESPServerError(text: text), isScript: isScript)
    }

    private static func step(_ text: String, isScript: Bool = false) -> ClusterDetour.Step {
        var detour = ClusterDetour()
        return detour.next(after: error(text, isScript: isScript), from: asked, draw: 0)
    }

    @Test("MOVED and ASK name another node, perhaps on the same host, perhaps by an address of colons")
    func redirections() {
        #expect(Self.step("MOVED 3999 10.0.0.1:6381") == .go(.host("10.0.0.1", port: 6381), asking: false))
        #expect(Self.step("ASK 3999 10.0.0.1:6381") == .go(.host("10.0.0.1", port: 6381), asking: true))
        #expect(Self.step("MOVED 3999 :6381") == .go(.host("seed", port: 6381), asking: false))
        #expect(Self.step("MOVED 1 2001:db8::1:6381") == .go(.host("2001:db8::1", port: 6381), asking: false))
    }

    @Test(
        "What is no address is waited out",
        arguments: ["MOVED 3999 ?:6381", "MOVED 99999 h:1", "MOVED 1 h:0", "MOVED 1 h", "MOVED"])
    func nonsense(_ text: String) { #expect(Self.step(text) == .pause(.milliseconds(5))) }

    @Test(
        "Troubles that pass are waited out, also a script's that had not begun",
        arguments: [
            "TRYAGAIN x", "CLUSTERDOWN x", "LOADING x", "MASTERDOWN x", "READONLY x",
        ], [true, false])
    func pauses(_ text: String, isScript: Bool) {
        #expect(Self.step(text, isScript: isScript) == .pause(.milliseconds(5)))
    }

    @Test("What may have been done is never sent again, nor what no node will take")
    func failures() {
        var detour = ClusterDetour()
        let lost = RedisError(.connectionLost, "", effect: .mayHaveHappened)
        #expect(detour.next(after: lost, from: Self.asked, draw: 0) == .fail)
        let unsent = RedisError(.connectionLost, "", effect: .didNotHappen)
        #expect(detour.next(after: unsent, from: Self.asked, draw: 0) != .fail)
        for text in ["NOPERM x", "WRONGTYPE x", "CROSSSLOT x", "NOSCRIPT x", "OOM x"] {
            #expect(Self.step(text) == .fail)
        }
    }

    @Test("R40: a script that came upon a key that had moved may have done a part; that subsides")
    func halfMoved() {
        let error = Self.error(
            "ERR Script attempted to access a non local key in a cluster node script: 7d29, on @user_script:1.",
            isScript: true)
        #expect(error.code == .tryAgain && error.effect == .mayHaveHappened && error.maySubside)
    }

    @Test("Two nodes that send a command to each other are given a rest; pauses grow up to a bound")
    func loops() {
        var detour = ClusterDetour()
        for _ in 0..<ClusterDetour.mostHops {
            #expect(
                detour.next(after: Self.error("MOVED 1 h:1"), from: Self.asked, draw: 0) != .pause(.milliseconds(5)))
        }
        #expect(detour.next(after: Self.error("MOVED 1 h:1"), from: Self.asked, draw: 0) == .pause(.milliseconds(5)))
        var last = Duration.zero
        for _ in 0..<20 {
            guard case .pause(let pause) = detour.next(after: Self.error("TRYAGAIN"), from: Self.asked, draw: .max)
            else { return #expect(Bool(false)) }
            #expect(pause >= last && pause <= ClusterDetour.longestPause)
            last = pause
        }
        #expect(last > .milliseconds(190))
    }
}
