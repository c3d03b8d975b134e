import LockCore
import SeededRandom

/// A command that was sent with a sequence, and what a retry of it must be told.
struct AnsweredCommand {
    var command: Command
    var session: SessionID
    var request: RequestID?
    var sequence: UInt64
    var answer: Answer
}

/// Duplicate and late retries.
extension TableWalk {
    mutating func remember(_ command: Command, _ answer: Answer, _ effects: [Effect]) {
        for effect in effects {
            switch effect {
            case .granted(let grant):
                grants.append(grant)
                updateAnswered(grant.session, grant.request, .granted(grant))
            case .waitEnded(let event, .refused(let refusal)):
                updateAnswered(event.session, event.request, .refused(refusal))
            case .waitEnded(let event, _): updateAnswered(event.session, event.request, .busy)
            case .sessionLost(let id): forget(id)
            default: break
            }
        }
        if grants.count > 60 { grants.removeFirst(20) }
        if case .closeSession(let id) = command { forget(id) }
        if let record = answeredRecord(command, answer) { answered.append(record) }
        if answered.count > 40 { answered.removeFirst(10) }
    }

    private mutating func forget(_ session: SessionID) {
        doneThrough[session] = nil
        answered.removeAll { $0.session == session }
    }

    private mutating func updateAnswered(_ session: SessionID, _ request: RequestID, _ answer: Answer) {
        // A request may be issued again when its first wait is over: what that was told stands.
        for place in answered.indices where answered[place].session == session && answered[place].request == request {
            if answered[place].answer == .queued { answered[place].answer = answer }
        }
    }

    private mutating func answeredRecord(_ command: Command, _ answer: Answer) -> AnsweredCommand? {
        if case .refused(.unknownSession) = answer { return nil }
        switch command {
        case .acquire(let acquire):
            guard let dedup = noteDone(acquire.session, acquire.dedup) else { return nil }
            return AnsweredCommand(
                command: command, session: acquire.session, request: acquire.request, sequence: dedup.sequence,
                answer: answer)
        case .release(let release):
            guard let dedup = noteDone(release.session, release.dedup) else { return nil }
            return AnsweredCommand(
                command: command, session: release.session, request: nil, sequence: dedup.sequence, answer: answer)
        default: return nil
        }
    }

    private mutating func noteDone(_ session: SessionID, _ dedup: Dedup?) -> Dedup? {
        guard let dedup else { return nil }
        doneThrough[session] = max(doneThrough[session, default: 0], dedup.doneThrough)
        return dedup
    }

    /// RULES 16: a retry is told the first answer, and nothing happens.
    mutating func retry() -> String? {
        guard let old = answered.randomElement(using: &draw) else { return nil }
        var probe = table
        var effects: [Effect] = []
        // What is due fires first; only then may the retry change nothing.
        _ = probe.apply(.advance, at: now, effects: &effects)
        guard effects.isEmpty else { return nil }
        let digest = probe.digest
        let answer = probe.apply(old.command, at: now, effects: &effects)
        guard effects.isEmpty, probe.digest == digest else {
            return "S7: a retry of \(Account.of(old.command)) was carried out again"
        }
        let isDone = old.sequence <= doneThrough[old.session, default: 0]
        return answer == (isDone ? .refused(.sequenceDone) : old.answer)
            ? nil : "S7: a retry was told \(answer), first it was \(old.answer)"
    }
}
