import Lockstead
import Synchronization

/// Reads one subscription and tells its reader, adding the ends that nobody publishes.
struct WatchFollower: Sendable {
    let backend: RedisBackend
    let watch: Watch
    private let inbox = Inbox()

    /// What is published before a reading may arrive after it, on another connection; so long it is waited for.
    private static let crossing = Duration.milliseconds(20)

    init(backend: RedisBackend, watch: Watch) { (self.backend, self.watch) = (backend, watch) }

    /// Runs until the reader goes, the connection is lost, or the engine stops.
    func run() async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                await listen(to: watch.listening.subscription)
                inbox.put(nil)
            }
            await tell()
            watch.listening.cancel()
            group.cancelAll()
        }
    }

    private func listen(to subscription: RedisSubscription) async {
        for await event in subscription {
            if case .refused(let error) = event, error.code == .permissionDenied, let wide = backend.allEvents(watch) {
                watch.listening.exchange(for: wide)
                return await listen(to: wide)
            }
            inbox.put(event)
        }
    }

    private func tell() async {
        var machine = ChangeMachine()
        while !Task.isCancelled {
            guard await drain(into: &machine) else { return }
            let (locks, registers) = machine.due(at: backend.time.now)
            for name in locks { guard await look(at: name, &machine) else { return } }
            for name in registers { await lookAtRegister(of: name, &machine) }
            // A cancellation ends the loop.
            _ = try? await inbox.signal.sleep(until: machine.nextDue, on: backend.time)
        }
    }

    /// Tells what has come.
    ///
    /// - Returns: False at the end.
    private func drain(into machine: inout ChangeMachine) async -> Bool {
        for event in inbox.take() {
            switch event {
            case .subscribed?:
                backend.watches.ended(watch.begun)
                await begin(&machine)
            case .message(let message)?:
                guard let name = name(of: message), let message = ChangeMessage(message.payload, of: name) else {
                    continue
                }
                yield(machine.heard(message, at: backend.time.now))
            case .interrupted?: return finish("the connection to the server was lost, so that changes may be missing")
            case .refused(let error)?: return finish(error.message)
            case nil:
                watch.stream.finish()
                return false
            }
        }
        return true
    }

    private func finish(_ reason: String) -> Bool {
        let message = "The watch ended: \(reason). Begin it again."
        watch.stream.finish(throwing: LockError(.engineUnavailable, message, effect: .didNotHappen))
        return false
    }

    private func yield(_ changes: [LockChange]) {
        for change in changes {
            // A reader that fell behind must not believe that it saw everything.
            guard case .dropped = watch.stream.yield(change) else { continue }
            watch.stream.finish(
                throwing: LockError(
                    .limitExceeded, "Changes were left unread until there were too many. Read faster, and begin again.",
                    effect: .didNotHappen))
        }
    }

    private func name(of message: RedisMessage) -> LockName? {
        guard message.channel.hasPrefix(watch.channelBase) else { return nil }
        let name = backend.naming.name(ofMain: String(message.channel.dropPrefix(watch.channelBase)))
        return name.flatMap { $0.text.utf8.starts(with: watch.prefix.utf8) ? $0 : nil }
    }

    /// Who holds a lock already will end one day, and nobody will tell.
    private func begin(_ machine: inout ChangeMachine) async {
        for description in await present() { machine.begin(description, at: backend.time.now) }
    }

    /// The lock of exactly that name; a listing of all under the prefix only where that is no name, since it walks through all keys.
    private func present() async -> [LockDescription] {
        // What cannot be read now ends untold, as what is written meanwhile by a server that is out of reach.
        guard let name = try? LockName(watch.prefix) else {
            let end = backend.time.now.advanced(by: backend.engine.configuration.timeouts.command)
            return (try? await backend.list(prefix: watch.prefix, limit: Self.mostPresent, deadline: end)) ?? []
        }
        guard LockKeys.problem(with: name) == nil else { return [] }
        return (try? await backend.inspect(name, deadline: deadline)).flatMap { $0 }.map { [$0] } ?? []
    }

    /// So many locks are looked at when a watch begins.
    private static let mostPresent = 10_000

    private var deadline: ContinuousTime { backend.time.now.advanced(by: .seconds(1)) }

    private func look(at name: LockName, _ machine: inout ChangeMachine) async -> Bool {
        let suspects = machine.tokens(of: name)
        do throws(LockError) {
            let description = try await backend.inspect(name, deadline: deadline)
            // Its cancellation ends the loop that called.
            _ = try? await backend.time.sleep(until: backend.time.now.advanced(by: Self.crossing))
            guard await drain(into: &machine) else { return false }
            yield(machine.read(name, description, suspects, at: backend.time.now))
        } catch {
            machine.postpone(name, at: backend.time.now)
        }
        return true
    }

    private func lookAtRegister(of name: LockName, _ machine: inout ChangeMachine) async {
        do throws(LockError) {
            let register = try await backend.load(name, deadline: deadline)
            yield(machine.read(name, register, at: backend.time.now))
        } catch {
            machine.postpone(name, at: backend.time.now)
        }
    }

    /// What the subscription has brought and nobody has told yet; `nil` is its end.
    private final class Inbox: Sendable {
        private let events = Mutex<[RedisSubscriptionEvent?]>([])
        let signal = WakeSignal()

        func put(_ event: RedisSubscriptionEvent?) {
            events.withLock { $0.append(event) }
            signal.ring()
        }

        func take() -> [RedisSubscriptionEvent?] {
            events.withLock { events in
                defer { events = [] }
                return events
            }
        }
    }
}
