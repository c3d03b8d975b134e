import DequeModule
import Lockstead
import NIOCore
import RESP

/// Commands and their answers.
///
/// Lives on its event loop, but for the queue that it takes the calls from.
final class CommandSession: ChannelSession {
    private let queue: CallQueue
    private let time: any TimeSource
    private let written: EventCount
    private var machine = PipelineMachine<RedisCall>()
    /// Taken from the queue while the channel took no bytes.
    private var unwritten: Deque<RedisCall> = []
    private var link: (any ChannelLink)?
    private var answered = 0
    /// When the deadlines are looked at next.
    private var wakeUp: (at: ContinuousTime, timer: Scheduled<Void>)?
    private var isDraining = false

    /// - Parameters:
    ///   - queue: Where calls come from.
    ///   - time: The clock of their deadlines.
    ///   - written: Counts the commands that are written, those of callers alone.
    init(queue: CallQueue, time: any TimeSource, counting written: EventCount = EventCount()) {
        (self.queue, self.time, self.written) = (queue, time, written)
    }

    var isOwed: Bool { machine.owed > 0 }

    func opened(_ link: any ChannelLink) {
        self.link = link
        flush()
        watchDeadlines(of: unwritten[...], link)
    }

    /// Takes what was handed over, and writes it at once.
    func flush() {
        let earlier = unwritten.count
        queue.take(into: &unwritten)
        guard let link else { return }
        if link.isWritable { return write(to: link) }
        // What could not be written has deadlines, too; only what is new, or thousands would be looked at for each that comes.
        watchDeadlines(of: unwritten.dropFirst(earlier), link)
    }

    func writable() { flush() }

    private func write(to link: any ChannelLink) {
        guard !unwritten.isEmpty else { return }
        let now = time.now
        var bytes = link.buffer(capacity: unwritten.reduce(0) { $0 + $1.command.body.count + 16 })
        var (given, count) = (0, 0)
        var earliest = ContinuousTime.distantFuture
        while let call = unwritten.popFirst() {
            guard call.begin(at: now) else {
                given += 1
                continue
            }
            bytes.write(call.command)
            machine.wrote(call)
            count += 1
            earliest = min(earliest, call.deadline)
        }
        settle(given)
        written.add(count)
        if bytes.readableBytes > 0 { link.write(bytes) }
        watchDeadlines(from: earliest, now, link)
    }

    func received(_ value: RESPValue) -> RedisError? {
        switch machine.received(value) {
        case .answered(let call):
            answered += 1
            call.answer(value.withoutAttributes)
            return nil
        case .pong, .pushed: return nil
        case .outOfStep(let detail): return .outOfStep(detail)
        }
    }

    func readCompleted() {
        settle(answered)
        answered = 0
    }

    private func settle(_ count: Int) {
        guard count > 0 || isDraining else { return }
        queue.settled(count)
        if isDraining { closeIfDrained() }
    }

    func ping() {
        guard let link, link.isWritable else { return }
        var bytes = link.buffer(capacity: 16)
        bytes.write(RedisCommand("PING"))
        machine.wrotePing()
        link.write(bytes)
    }

    /// Ends the connection as soon as nothing is under way.
    func drain() {
        isDraining = true
        closeIfDrained()
    }

    /// Ends the connection, whatever is under way.
    func abandon(_ cause: RedisError = .shutDown) { link?.close(cause) }

    private func closeIfDrained() {
        if queue.isIdle { link?.close(.shutDown) }
    }

    func closed(_ cause: RedisError) {
        wakeUp?.timer.cancel()
        link = nil
        for call in machine.drain() { call.fail { cause.with(effect: $0) } }
        for call in unwritten + queue.close() { call.fail { cause.with(effect: $0) } }
        unwritten = []
    }

    // MARK: Deadlines

    private func watchDeadlines(of calls: Deque<RedisCall>.SubSequence, _ link: any ChannelLink) {
        guard let earliest = calls.lazy.map(\.deadline).min() else { return }
        watchDeadlines(from: earliest, time.now, link)
    }

    private func watchDeadlines(from earliest: ContinuousTime, _ now: ContinuousTime, _ link: any ChannelLink) {
        guard earliest < .distantFuture, wakeUp.map({ earliest < $0.at }) ?? true else { return }
        wakeUp?.timer.cancel()
        // Looking through all that is pending has a cost, so it is not done for each deadline by itself.
        let delay = max(earliest - now, .milliseconds(5))
        let bound = NIOLoopBound(self, eventLoop: link.eventLoop)
        let timer = link.eventLoop.scheduleTask(in: TimeAmount(delay.duration)) { bound.value.expire() }
        wakeUp = (earliest, timer)
    }

    private func expire() {
        wakeUp = nil
        guard let link else { return }
        let now = time.now
        var earliest = ContinuousTime.distantFuture
        func look(at call: RedisCall) {
            if call.deadline <= now { call.expire(at: now) } else { earliest = min(earliest, call.deadline) }
        }
        machine.forEachWaiter(look)
        unwritten.forEach(look)
        watchDeadlines(from: earliest, now, link)
    }
}

extension RESPValue {
    /// What a caller gets: what the server adds about a value is not part of it.
    fileprivate var withoutAttributes: RESPValue {
        if case .attributed = self { bare } else { self }
    }
}
