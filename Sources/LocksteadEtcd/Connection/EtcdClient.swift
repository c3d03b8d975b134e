import GRPCCore
import Lockstead
import Synchronization

/// The cluster as one: asks a member, and another where that one fails; logs in where there is a user.
final class EtcdClient: Sendable {
    /// An answer, and whether an earlier attempt of the same call may have been carried out too.
    struct Answered<Answer: Sendable>: Sendable {
        let answer: Answer
        var isRepeated = false
        /// The number of the member that gave it.
        var member = 0
    }

    let members: [EtcdMember]
    let time: any TimeSource
    let timeouts: EtcdConfiguration.Timeouts
    private let login: EtcdLogin?
    private let choice: Mutex<MemberChoice>
    private let jobSource: AsyncStream<EtcdMember>.Continuation
    private let started: AsyncStream<EtcdMember>
    private let calls = EventCount()
    private let lastAnswer: Atomic<Int64>
    /// More at once gain nothing on one connection.
    private let gate = CallGate(width: 64)

    /// Connects to nothing yet.
    ///
    /// - Throws: `LockError` with the code `invalidOption` for settings that cannot be meant.
    init(_ configuration: EtcdConfiguration, time: any TimeSource) throws(LockError) {
        guard !configuration.endpoints.isEmpty else {
            throw EtcdEngine.invalid("Name at least one member of the cluster.")
        }
        var members: [EtcdMember] = []
        for endpoint in configuration.endpoints { members.append(try EtcdMember(endpoint, configuration, time: time)) }
        (self.members, self.time, timeouts) = (members, time, configuration.timeouts)
        lastAnswer = Atomic(0)
        login = configuration.user.map { EtcdLogin(user: $0, password: configuration.password ?? "") }
        choice = Mutex(MemberChoice(count: members.count))
        (started, jobSource) = AsyncStream.makeStream(of: EtcdMember.self)
    }

    /// Keeps the connections until ``stop()``, whatever becomes of the task: what is given back at the end needs them.
    func run() async { await shieldedFromCancellation { await self.keepConnections() } }

    /// A connection that is still being made does not hear that it is to end: the name does not resolve, or nobody speaks at the other
    /// end.
    private static let farewell = Duration.seconds(2)

    private func keepConnections() async {
        await withTaskGroup(of: Bool.self) { group in
            var left = 0
            for await member in started {
                left += 1
                group.addTask {
                    await member.run()
                    return true
                }
            }
            group.addTask { [time] in
                // Cancelled where all have ended before.
                _ = try? await time.sleep(until: time.now.advanced(by: Self.farewell))
                return false
            }
            while left > 0, await group.next() == true { left -= 1 }
            group.cancelAll()
        }
    }

    /// Ends the connections once what is under way on them has ended; nothing new is asked.
    func stop() {
        jobSource.finish()
        for member in members { member.stop() }
    }

    /// How many calls were made.
    var callCount: Int { calls.value }

    /// When a member last answered anything; before it did, long ago.
    var lastHeard: ContinuousTime { ContinuousTime(nanoseconds: lastAnswer.load(ordering: .relaxed)) }

    /// The member that is asked at present, its number, and the turn.
    func current() -> (member: EtcdMember, number: Int, turn: Int) {
        let (number, turn) = choice.withLock { ($0.current, $0.turn) }
        return (begun(members[number]), number, turn)
    }

    /// A member did not do.
    func failed(_ number: Int) { choice.withLock { $0.failed(number) } }

    private func begun(_ member: EtcdMember) -> EtcdMember {
        if member.begins() { jobSource.yield(member) }
        return member
    }
}

// MARK: Calls

extension EtcdClient {
    /// Asks until a member answers, all have failed, or the deadline passes.
    ///
    /// Only for requests that do the same when they are asked again, as all of the engine's are.
    ///
    /// - Parameters:
    ///   - request: What is asked.
    ///   - deadline: When the answer is of no more use.
    ///   - urgency: Whom it goes before where many ask.
    ///   - span: How long it may take from when it is its turn: one of a crowd has not failed because others were first.
    /// - Returns: The answer.
    /// - Throws: What kept it from coming, and whether the call may have been carried out.
    func ask<Request: EtcdRequest>(
        _ request: Request, deadline: ContinuousTime, _ urgency: CallGate.Urgency = .usual, within span: Duration? = nil
    ) async throws(EtcdError) -> Answered<Request.Answer> {
        guard await gate.enter(urgency, until: deadline, on: time) else {
            throw EtcdError(
                Task.isCancelled ? .cancelled : .deadlineExceeded,
                "Too many calls were under way for this one to begin in time.", effect: .didNotHappen)
        }
        defer { gate.leave() }
        return try await admitted(request, span.map { min(deadline, time.now.advanced(by: $0)) } ?? deadline)
    }

    private func admitted<Request: EtcdRequest>(
        _ request: Request, _ deadline: ContinuousTime
    ) async throws(EtcdError) -> Answered<Request.Answer> {
        var (isRepeated, failures) = (false, 0)
        var told: EtcdError?
        // Each call goes through the members by itself: one in a hurry moves nobody else's choice, and is not kept by one that hangs.
        let first = current().number
        while true {
            let number = (first + failures) % members.count
            let end = attemptEnd(deadline, left: members.count - failures)
            let wasShort = time.now.duration(to: end) < Self.fairTime
            do throws(EtcdError) {
                let answer = try await ask(members[number], request, end)
                lastAnswer.store(time.now.nanoseconds, ordering: .relaxed)
                return Answered(answer: answer, isRepeated: isRepeated, member: number)
            } catch {
                isRepeated = isRepeated || error.effect == .mayHaveHappened
                if error.suggestsAnotherMember, !Task.isCancelled, !wasShort || error.code != .deadlineExceeded {
                    failed(number)
                }
                failures += 1
                let worst = told.map { $0.tellsMore(than: error) ? $0 : error } ?? error
                told = worst
                guard error.suggestsAnotherMember, failures < members.count, time.now < deadline, !Task.isCancelled
                else { throw Self.told(worst, isRepeated) }
            }
        }
    }

    /// Asks one member, once; logs in anew where the token is not taken any more.
    func ask<Request: EtcdRequest>(
        _ member: EtcdMember, _ request: Request, _ deadline: ContinuousTime
    ) async throws(EtcdError) -> Request.Answer {
        calls.add()
        let member = begun(member)
        guard let login else { return try await member.ask(request, Self.metadata(nil), deadline: deadline) }
        let token = try await login.token(at: member, on: time, deadline)
        do throws(EtcdError) {
            return try await member.ask(request, Self.metadata(token), deadline: deadline)
        } catch {
            guard error.code == .tokenRefused else { throw error }
        }
        login.forget(token)
        let fresh = try await login.token(at: member, on: time, deadline)
        return try await member.ask(request, Self.metadata(fresh), deadline: deadline)
    }

    /// What goes with a stream of watches to a member.
    func watchMetadata(at member: EtcdMember, _ deadline: ContinuousTime) async throws(EtcdError) -> Metadata {
        Self.metadata(try await login?.token(at: member, on: time, deadline))
    }

    /// A stream was refused for its token.
    func forgetToken() { login?.forgetAny() }

    /// A member without a leader says so at once instead of keeping the call.
    private static func metadata(_ token: String?) -> Metadata {
        var metadata: Metadata = ["hasleader": "true"]
        if let token { metadata.addString(token, forKey: "token") }
        return metadata
    }

    /// Where there is another member, none is waited for until the end: each has its share of the time.
    private func attemptEnd(_ deadline: ContinuousTime, left: Int) -> ContinuousTime {
        guard members.count > 1 else { return deadline }
        let share = max(time.now.duration(to: deadline) / max(1, left), Self.leastShare)
        return min(deadline, time.now.advanced(by: min(timeouts.attempt, share)))
    }

    /// A member that is not asked for so long is not asked at all.
    private static let leastShare = Duration.milliseconds(50)
    /// A member that does not answer in less has not failed: the caller was in a hurry.
    private static let fairTime = Duration.milliseconds(500)

    private static func told(_ error: EtcdError, _ isRepeated: Bool) -> EtcdError {
        var error = error
        if isRepeated { error.effect = .mayHaveHappened }
        return error
    }
}
