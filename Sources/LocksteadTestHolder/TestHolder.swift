#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#elseif canImport(Darwin)
    internal import Darwin
#endif
internal import Lockstead
internal import Logging

/// Takes a lock as told, says on standard output what becomes of it (`held TOKEN`, `busy`, `lost REASON`, `released`, `failed CODE`),
/// and obeys standard input (`release`, `renew`, `exit`).
///
/// Tests kill, stop and continue it.
@main
struct TestHolder {
    static func main() async {
        do {
            let options = try Options(CommandLine.arguments)
            switch options.work {
            case .hold: try await TestHolder(options).hold()
            case .holdByClient: try await ClientHolder(options: options).hold()
            case .lead: try await KindHolder(options: options).lead()
            case .join(let id): try await KindHolder(options: options).join(id)
            case .jam: try jam(options)
            case .count: try await TestHolder(options).count()
            }
        } catch let error as LockError {
            say("failed \(error.code) \(error.effect)")
        } catch {
            say("failed \(error)")
            exit(64)
        }
    }

    let options: Options
    let backend: FileBackend
    let time = SystemTimeSource()

    init(_ options: Options) throws {
        self.options = options
        backend = try FileBackend(
            FileEngine(folder: options.folder), EngineContext(logger: Logger(label: "holder"), time: SystemTimeSource())
        )
    }

    private func hold() async throws {
        var generator = SystemRandomNumberGenerator()
        let request = LockRequest(
            id: .random(using: &generator), owner: .random(using: &generator), names: [options.name],
            mode: options.mode, lease: options.lease, wait: options.wait,
            terms: HoldTerms(lockDelay: options.lockDelay), note: HolderNote(processID: getpid()))
        Self.say("asking")
        guard case .granted(let grant) = try await backend.acquire(request) else { return Self.say("busy") }
        Self.say("held \(grant.token)")
        if options.hasChild { Self.say("child \(try spawnSleeper(keeping: backend.lifeline(of: grant)))") }
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await tellNotices() }
            if options.renews { group.addTask { await keepRenewing(grant) } }
            group.addTask { await obey(grant) }
            await group.next()
            group.cancelAll()
        }
    }

    private func tellNotices() async {
        for await case .lost(_, let reason) in backend.notices() { Self.say("lost \(reason)") }
    }

    private func keepRenewing(_ grant: Grant) async {
        while !Task.isCancelled {
            // Only cancellation ends the sleep early, and ends the loop with it.
            _ = try? await time.sleep(until: time.now.advanced(by: grant.lease / 3))
            guard case .lost(let reason) = await renew(grant) else { continue }
            return await lost(reason)
        }
    }

    private func renew(_ grant: Grant) async -> RenewalOutcome {
        let outcomes = await backend.renew([grant], deadline: time.now.advanced(by: grant.lease / 3))
        return outcomes.first ?? .lost(.superseded)
    }

    /// Says so, and stays until it is told to go, as a process would that has not noticed.
    private func lost(_ reason: LossReason) async {
        Self.say("lost \(reason)")
        // Cancellation is how it is told.
        _ = try? await time.sleep(until: time.now.advanced(by: .seconds(3600)))
    }

    private func obey(_ grant: Grant) async {
        for await line in Self.lines() {
            switch line {
            case "renew": Self.say("renewal \(await renew(grant))")
            case "release": await release(grant)
            case "exit": return
            default: Self.say("failed to understand \(line)")
            }
        }
    }

    private func release(_ grant: Grant) async {
        do throws(LockError) {
            let outcome = try await backend.release(grant, deadline: time.now.advanced(by: .seconds(5)))
            Self.say(outcome == .released ? "released" : "\(outcome)")
        } catch {
            Self.say("failed \(error.code) \(error.effect)")
        }
    }
}
