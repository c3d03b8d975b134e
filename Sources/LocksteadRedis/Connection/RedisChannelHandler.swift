import Lockstead
import NIOCore
import RESP

/// Bytes to values and back, log-in, signs of life, and the end: what all connections have in common.
final class RedisChannelHandler: ChannelInboundHandler, ChannelLink {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private enum Phase {
        /// Can transition to: `loggingIn`, `closed`.
        case idle
        /// Can transition to: `open`, `closed`.
        case loggingIn(HandshakeMachine)
        /// Can transition to: `closed`.
        case open
        case closed
    }

    struct Settings: Sendable {
        let endpoint: RedisEndpoint
        let isTLS: Bool
        let handshake: HandshakeMachine.Settings
        let limits: RESPLimits
        let timeouts: RedisConfiguration.Timeouts
        /// Until then the log-in must be done: connecting has had its part of the time.
        let loginEnd: ContinuousTime
        let time: any TimeSource
    }

    private let settings: Settings
    private let session: any ChannelSession
    /// Completed when the log-in is.
    private let greeted: EventLoopPromise<RedisGreeting>
    private var phase = Phase.idle
    private var parser: RESPParser
    private var liveness: LivenessMachine
    private var context: ChannelHandlerContext?
    /// Why the channel ends, where we know it before it does.
    private var cause: RedisError?
    private var hasRead = false
    private var timers: [Scheduled<Void>] = []
    private var ticks: RepeatedTask?

    init(_ settings: Settings, session: any ChannelSession, greeted: EventLoopPromise<RedisGreeting>) {
        (self.settings, self.session, self.greeted) = (settings, session, greeted)
        parser = RESPParser(limits: settings.limits)
        liveness = LivenessMachine(
            quiet: TimeSpan(settings.timeouts.quiet), silence: TimeSpan(settings.timeouts.silence),
            at: settings.time.now)
    }

    // MARK: What the channel tells

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        if context.channel.isActive { begin() }
    }

    func channelActive(context: ChannelHandlerContext) {
        begin()
        context.fireChannelActive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let buffer = unwrapInboundIn(data)
        if !hasRead, speaksTLS(buffer) { return close(.plainTextToTLS(settings.endpoint)) }
        hasRead = true
        read(buffer)
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        if case .open = phase { session.readCompleted() }
        context.fireChannelReadComplete()
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable, case .open = phase { session.writable() }
        context.fireChannelWritabilityChanged()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if case .open = phase {
            close(RedisError(.connectionLost, "The connection failed.", effect: .mayHaveHappened, cause: error))
        } else if !hasRead, error is IOError {
            close(.closedAtLogin(settings.endpoint, tls: settings.isTLS, cause: error))
        } else {
            close(.connecting(settings.endpoint, error))
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        end()
        context.fireChannelInactive()
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        end()
        self.context = nil
    }

    // MARK: Log-in

    private func begin() {
        guard case .idle = phase else { return }
        var machine = HandshakeMachine(settings.handshake)
        let effect = machine.start()
        phase = .loggingIn(machine)
        let limit = settings.timeouts.connect
        schedule(max(.milliseconds(1), settings.time.now.duration(to: settings.loginEnd))) { handler in
            guard case .loggingIn = handler.phase else { return }
            handler.close(.connectTimedOut(handler.settings.endpoint, after: limit, tls: handler.settings.isTLS))
        }
        carryOut(effect)
    }

    private func carryOut(_ effect: HandshakeMachine.Effect) {
        switch effect {
        case .send(let commands):
            var bytes = buffer(capacity: 256)
            for command in commands { bytes.write(command) }
            write(bytes)
        case .succeeded(let greeting): open(greeting)
        case .failed(let error): close(error)
        case .wait: break
        }
    }

    private func open(_ greeting: RedisGreeting) {
        phase = .open
        let interval = TimeAmount(liveness.tickInterval.duration)
        // The channel cancels the ticks at its end, so they do not outlive the handler.
        let bound = NIOLoopBound(self, eventLoop: eventLoop)
        ticks = eventLoop.scheduleRepeatedTask(initialDelay: interval, delay: interval) { _ in bound.value.tick() }
        session.opened(self)
        greeted.succeed(greeting)
    }

    // MARK: Values

    private func read(_ buffer: ByteBuffer) {
        var failure: RedisError?
        do throws(RESPParsingError) {
            try parser.parse(buffer.readableBytesUInt8Span) { value in
                if failure == nil { failure = receive(value) }
            }
        } catch {
            failure = failure ?? .unreadable(error)
        }
        if let failure { return close(failure) }
        liveness.read(at: settings.time.now, stillOwed: session.isOwed)
    }

    private func receive(_ value: RESPValue) -> RedisError? {
        switch phase {
        case .loggingIn(var machine):
            let effect = machine.received(value)
            phase = .loggingIn(machine)
            carryOut(effect)
            return nil
        case .open: return session.received(value)
        case .idle, .closed: return nil
        }
    }

    /// The first byte of a TLS alert or handshake record, which begins no value.
    private func speaksTLS(_ buffer: ByteBuffer) -> Bool {
        guard !settings.isTLS, let first = buffer.getInteger(at: buffer.readerIndex, as: UInt8.self) else {
            return false
        }
        return first == 0x15 || first == 0x16
    }

    // MARK: Signs of life

    private func tick() {
        guard case .open = phase else { return }
        switch liveness.tick(at: settings.time.now) {
        case .fine: break
        case .ask: session.ping()
        case .dead: close(.silent(settings.timeouts.silence))
        }
    }

    // MARK: ChannelLink

    var eventLoop: any EventLoop {
        guard let context else { preconditionFailure("a handler was used after its channel") }
        return context.eventLoop
    }

    var isWritable: Bool { context?.channel.isWritable ?? false }

    func buffer(capacity: Int) -> ByteBuffer {
        context?.channel.allocator.buffer(capacity: capacity) ?? ByteBuffer()
    }

    func write(_ bytes: ByteBuffer) {
        liveness.wrote(at: settings.time.now)
        // A write that fails ends the channel, and with it every call.
        context?.writeAndFlush(wrapOutboundOut(bytes), promise: nil)
    }

    func close(_ cause: RedisError) {
        if case .closed = phase { return }
        self.cause = self.cause ?? cause
        // An unclean end of TLS is no news to a connection that is given up.
        context?.close(promise: nil)
        end()
    }

    // MARK: The end

    private func end() {
        if case .closed = phase { return }
        let wasOpen = if case .open = phase { true } else { false }
        phase = .closed
        for timer in timers { timer.cancel() }
        ticks?.cancel()
        let cause = self.cause ?? lostCause(wasOpen: wasOpen)
        greeted.fail(cause)
        session.closed(cause)
    }

    private func lostCause(wasOpen: Bool) -> RedisError {
        guard !wasOpen, !hasRead else {
            return RedisError(
                .connectionLost, "The server closed the connection before it answered.", effect: .mayHaveHappened)
        }
        return .closedAtLogin(settings.endpoint, tls: settings.isTLS)
    }

    private func schedule(_ delay: Duration, _ body: @escaping (RedisChannelHandler) -> Void) {
        let bound = NIOLoopBound((self, body), eventLoop: eventLoop)
        timers.append(eventLoop.scheduleTask(in: TimeAmount(delay)) { bound.value.1(bound.value.0) })
    }
}

extension RedisError {
    fileprivate static func unreadable(_ error: RESPParsingError) -> RedisError {
        switch error.kind {
        case .malformed:
            RedisError(
                .protocolViolation, "What the server sent is no RESP, so the connection was closed.",
                effect: .mayHaveHappened, cause: error)
        case .tooLarge:
            RedisError(
                .replyTooLarge, "The server's answer exceeds the limits, so the connection was closed.",
                effect: .mayHaveHappened, cause: error)
        }
    }
}
