import Lockstead
import LocksteadTesting

/// F-G5: the engine grants a lock, and the connection is cut before the answer arrives; the client asks again.
struct AnswerLost: FaultPlay {
    let needsRelays = true
    let needsNetwork = false

    func bring(to stage: Stage) async throws {
        stage.crowd(works: true)
        stage.begin("lose answer", "worker 0")
        let committed = try await stage.relays.isEmpty ? loseByCable(stage) : loseByRelay(stage)
        let words = try await stage.workers[0].hear("inside \(Stage.prize)").split(separator: " ").map(String.init)
        stage.cease("lose answer")
        let (token, attempts) = (words.count > 2 ? words[2] : "", words.count > 3 ? words[3] : "")
        let holders = try await stage.inspect(Stage.prize)?.holders.map { "\($0.token)" } ?? []
        stage.check(
            holders == [token], "the client has token \(token) after \(attempts) attempts; the engine has \(holders)")
        if let committed {
            stage.check(
                committed == token,
                "granted under token \(committed) when the answer was lost, answered with \(token) when asked again")
        } else {
            stage.check(attempts != "1", "the answer was lost and asked for again: \(attempts) attempts")
        }
        stage.workers[0].say("leave \(Stage.prize)")
        _ = try await stage.workers[0].hear("left \(Stage.prize)")
        stage.later { facts in
            let tokens = facts.tokens(of: Stage.prize)
            return tokens.count == 1 ? nil : "the lock was granted \(tokens.count) times: \(tokens)"
        }
        try await stage.pass(.milliseconds(300))
        stage.crowd(works: false)
    }

    /// Where there is no network, the answer is lost between the engine and its client.
    private func loseByCable(_ stage: Stage) async throws -> String? {
        stage.note("no network: the answer is lost between engine and client")
        stage.workers[0].say("ask-lossy \(Stage.prize)")
        return nil
    }

    /// - Returns: The token under which the engine holds the lock for a client that does not know it yet.
    private func loseByRelay(_ stage: Stage) async throws -> String? {
        let (relay, question) = (stage.relays[0], Array(try stage.engine.questionAlone(for: Stage.prize).utf8))
        relay.set { $0.swallow = question }
        stage.workers[0].say("ask \(Stage.prize)")
        for count in 1...10 {
            guard await relay.awaitSwallowed(count) else { break }
            if let token = try await grantedMeanwhile(stage) {
                stage.note("the relay swallowed \(count) answers; the last one was the grant")
                return token
            }
            relay.set { $0.swallow = question }
        }
        stage.fail("\(relay.swallowed) answers were swallowed, and none was a grant")
        return nil
    }

    /// The question is carried out a moment after it was sent, or was an earlier one.
    private func grantedMeanwhile(_ stage: Stage) async throws -> String? {
        for _ in 0..<10 {
            if let holder = try await stage.inspect(Stage.prize)?.holders.first { return "\(holder.token)" }
            try await stage.pass(.milliseconds(10))
        }
        return nil
    }
}
