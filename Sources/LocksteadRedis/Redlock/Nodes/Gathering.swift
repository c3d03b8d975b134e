import Lockstead
import RESP
import Synchronization

/// Feeds a machine with what nodes answer, and wakes who waits for its decision; goes on listening to those who come later.
final class Gathering<Machine: RoundMachine>: Sendable {
    private struct State {
        var machine: Machine
        var waiter: CheckedContinuation<Machine, Never>?
        var failures: [Int: RedisError] = [:]
    }

    private let state: Mutex<State>

    init(_ machine: Machine) { state = Mutex(State(machine: machine)) }

    var machine: Machine { state.withLock { $0.machine } }
    /// What went wrong so far, by node.
    var failures: [Int: RedisError] { state.withLock { $0.failures } }

    /// Waits for the decision.
    ///
    /// Each call to a node has a deadline, so this ends; cancellation does not hasten it.
    func decided() async -> Machine {
        await withCheckedContinuation { continuation in
            let decision = state.withLock { state -> Machine? in
                guard !state.machine.isDecided, !state.machine.isComplete else { return state.machine }
                state.waiter = continuation
                return nil
            }
            if let decision { continuation.resume(returning: decision) }
        }
    }

    func receive(_ answer: Machine.Answer?, from node: Int, _ failure: RedisError?) {
        // What the server answered with an error is over; what it did not answer may still arrive.
        let isLost = failure.map { $0.effect == .mayHaveHappened && $0.serverText == nil } ?? false
        let (waiter, machine) = state.withLock { state -> (CheckedContinuation<Machine, Never>?, Machine) in
            if let failure { state.failures[node] = failure }
            state.machine.receive(answer, from: node, isLost: isLost)
            guard state.machine.isDecided || state.machine.isComplete else { return (nil, state.machine) }
            return (state.waiter.take(), state.machine)
        }
        waiter?.resume(returning: machine)
    }
}

extension RedisClient {
    /// Runs a script for which no task waits; see ``begin(_:deadline:then:)``.
    func begin(
        _ call: RedisScriptCall, deadline: ContinuousTime,
        then: @escaping @Sendable (Result<RESPValue, RedisError>) -> Void
    ) {
        begin(call.command, deadline: deadline) { answer in
            if case .failure(let error) = answer, error.code == .noScript {
                self.begin(call.withSource, deadline: deadline, then: then)
            } else {
                then(answer)
            }
        }
    }
}
