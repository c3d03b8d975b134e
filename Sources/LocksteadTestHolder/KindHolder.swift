#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#elseif canImport(Darwin)
    internal import Darwin
#endif
internal import Lockstead
internal import LocksteadTesting

/// Leads an election or joins a group as a program does, and says what becomes of it: `leading TERM`, `stopped NANOSECONDS` when the
/// leader's body was cancelled, `ended CODE` when all is over; `joined TOKEN`, `lost NANOSECONDS`.
///
/// Obeys `resign` or `leave`, `cut` and `mend`.
struct KindHolder: Sendable {
    let options: Options
    let time = SystemTimeSource()

    func lead() async throws {
        try await withClient { client, cable in
            let election = try client.election(options.name)
            TestHolder.say("campaigning")
            do {
                try await election.withLeadership(as: "process \(getpid())", lease: options.lease) { leadership in
                    TestHolder.say("leading \(leadership.term)")
                    try await work(leadership, cable)
                }
                TestHolder.say("ended well")
            } catch let error as LockError {
                TestHolder.say("ended \(error.code)")
            }
        }
    }

    /// Works until it is stopped, and obeys meanwhile.
    private func work(_ leadership: Leadership, _ cable: Cable) async throws {
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                // It ends early only when the leader is to stop.
                _ = try? await time.sleep(until: .distantFuture)
                TestHolder.say("stopped \(time.now.nanoseconds)")
            }
            group.addTask {
                for await line in TestHolder.lines() {
                    if line == "resign" { leadership.resign() }
                    obey(line, cable)
                }
            }
            await group.next()
            group.cancelAll()
        }
        try Task.checkCancellation()
    }

    func join(_ id: String) async throws {
        try await withClient { client, cable in
            let group = try client.membership(options.name)
            let member = try await group.join(as: id, payload: "process \(getpid())", lease: options.lease)
            let events = member.lease.events()
            TestHolder.say("joined \(member.token)")
            await withTaskGroup(of: Void.self) { tasks in
                tasks.addTask {
                    for await case .lost in events { TestHolder.say("lost \(time.now.nanoseconds)") }
                }
                for await line in TestHolder.lines() {
                    if line == "leave" { break }
                    obey(line, cable)
                }
                tasks.cancelAll()
            }
            try await member.leave()
            TestHolder.say("left")
        }
    }

    private func obey(_ line: String, _ cable: Cable) {
        switch line {
        case "cut": cable.cut()
        case "mend": cable.mend()
        default: return
        }
        TestHolder.say(line)
    }

    private func withClient(_ body: (LockClient, Cable) async throws -> Void) async throws {
        let cable = Cable()
        let folder = options.folder
        let engine = LockEngine(name: "file") { context in
            FaultyBackend(try LockEngine.file(folder).makeBackend(context), on: cable)
        }
        try await LockClient.with(engine) { client in try await body(client, cable) }
    }
}
