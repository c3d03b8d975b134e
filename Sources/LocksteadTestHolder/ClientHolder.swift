internal import Lockstead
internal import LocksteadEngines
internal import LocksteadTesting

/// Holds a lock as a program does, and says what its lease says: `held TOKEN`, `lost NANOSECONDS REASON`, and, when asked for its
/// `state`, `state held` or `state lost`, or `until`, `until NANOSECONDS`.
///
/// Obeys `cut`, `mend`, `state`, `until`, `release` and `exit`.
struct ClientHolder: Sendable {
    let options: Options
    let time = SystemTimeSource()

    func hold() async throws {
        let cable = Cable()
        // A folder of the file engine, or the URL of any engine.
        let place = options.folder
        let opened = place.contains("://") ? try Engines.open(place) : .file(place)
        let engine = LockEngine(name: opened.name) { context in
            FaultyBackend(try opened.makeBackend(context), on: cable)
        }
        try await LockClient.with(engine) { client in
            let lock = try await client.acquire(options.name, waitingAtMost: .seconds(10), lease: options.lease)
            let events = lock.lease.events()
            TestHolder.say("held \(lock.lease.token)")
            await withTaskGroup(of: Void.self) { group in
                group.addTask { await tell(events) }
                await obey(lock, cable)
                group.cancelAll()
            }
        }
    }

    private func tell(_ events: AsyncStream<LeaseEvent>) async {
        for await event in events {
            if case .lost(let reason) = event { TestHolder.say("lost \(time.now.nanoseconds) \(reason)") }
        }
    }

    private func obey(_ lock: HeldLock, _ cable: Cable) async {
        for await line in TestHolder.lines() {
            switch line {
            case "cut": cable.cut()
            case "mend": cable.mend()
            case "state": TestHolder.say(lock.lease.isHeld ? "state held" : "state lost")
            case "until": TestHolder.say("until \(lock.lease.validUntil.map { "\($0.nanoseconds)" } ?? "never")")
            case "release": await release(lock)
            case "exit": return
            default: TestHolder.say("failed to understand \(line)")
            }
            if line == "cut" || line == "mend" { TestHolder.say(line) }
        }
    }

    private func release(_ lock: HeldLock) async {
        do {
            try await lock.release()
            TestHolder.say("released")
        } catch {
            TestHolder.say("failed \(error)")
        }
    }
}
