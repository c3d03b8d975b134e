import Lockstead

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// Takes the lock, starts guard and child, and carries out what ``ExecMachine`` decides until both are gone.
struct ExecRunner {
    private let request: ExecRequest
    private let session: EngineSession
    private let inputs: ExecInputs
    private let time: any TimeSource

    private init(_ request: ExecRequest, _ session: EngineSession, _ inputs: ExecInputs, time: any TimeSource) {
        (self.request, self.session, self.inputs, self.time) = (request, session, inputs, time)
    }

    /// Runs the command under the lock.
    ///
    /// - Parameters:
    ///   - request: What to run under which lock.
    ///   - time: The clocks to live by.
    /// - Returns: How the child ended.
    /// - Throws: `ExecFailure`, `LockError` or `SystemError` where no child has run.
    static func run(_ request: ExecRequest, time: any TimeSource = SystemTimeSource()) async throws -> ExecOutcome {
        // A wrong command is told at once, not after the wait for the lock.
        _ = try ExecChild.program(request.command[0])
        let inputs = try ExecInputs()
        defer { inputs.close() }
        return try await EngineSession.with(request.engineURL, time: time) { session in
            guard session.client.capabilities.features.contains(.betweenProcesses) else {
                throw ExecFailure.engineInsideProcess
            }
            return try await ExecRunner(request, session, inputs, time: time).run()
        }
    }

    private func run() async throws -> ExecOutcome {
        try await OuterLock.refuseEndlessWait(for: request, session.client)
        let lock = try await ExecAcquisition(request: request, client: session.client, inputs: inputs, time: time)
            .acquire()
        let outcome: ExecOutcome
        do {
            outcome = try await hold(lock)
        } catch {
            await release(lock)
            throw error
        }
        await release(lock)
        return outcome
    }

    /// A lock that was lost is released as well, which acknowledges a revocation.
    ///
    /// A release that fails costs the next holder no more than the rest of the lease, and never the child's exit code.
    private func release(_ lock: HeldLock) async {
        do {
            try await lock.release()
        } catch {
            guard lock.lease.isHeld else { return }
            StandardError.say("The lock \"\(request.name)\" could not be released and ends with its lease: \(error)")
        }
    }
}

// MARK: While the lock is held

extension ExecRunner {
    private func hold(_ lock: HeldLock) async throws -> ExecOutcome {
        let events = lock.lease.events()
        let inputs = inputs
        return try await withThrowingTaskGroup(of: Void.self) { group in
            defer { group.cancelAll() }
            group.addTask { for await event in events { inputs.put(.lease(event)) } }
            let job = try await start(lock)
            defer { job.link.reap() }
            return await drive(job, lock, &group)
        }
    }

    /// Guard first, child second: the guard's group exists before the child does, so that there is no moment in which the runner's
    /// death would leave a child behind.
    private func start(_ lock: HeldLock) async throws -> ExecJob {
        let inputs = inputs
        let ignoredHere = inputs.ignoreTerminalOutputStops()
        let lifeline = (session.backend as? any LifelineBackend)?.lifeline(of: lock.grant)
        let link = try GuardLink(lifeline: lifeline, defaultSignals: ignoredHere) { inputs.put(.guardSaid($0)) }
        let terminal = Terminal.controlling()
        var gives = false
        do {
            let deadlines = Deadlines(validUntil: lock.lease.validUntil, lease: term(of: lock))
            link.say(.arm(deadlines.forGuard(lease: term(of: lock))))
            try await awaitReadiness()
            gives = terminal?.isOurs == true && Terminal.isInteractive
            if gives { terminal?.give(to: link.group) }
            let child = ExecChild(
                request: request, time: time, group: link.group, lifeline: lifeline, defaultSignals: ignoredHere)
            return ExecJob(
                child: try child.start(lock), link: link, terminal: terminal,
                machine: ExecMachine(deadlines: deadlines, hasTerminal: terminal != nil, terminalGiven: gives))
        } catch {
            if gives { terminal?.takeBack() }
            link.dismiss()
            link.reap()
            // A runner that was paused here finds its guard gone, because it is the lease that ran out.
            throw lock.lease.isHeld ? error : ExecFailure.lostBeforeStart(request.name)
        }
    }

    private func awaitReadiness() async throws {
        while let input = await inputs.next() {
            switch input {
            case .guardSaid(.ready): return
            case .guardSaid(nil): throw ExecFailure.guardDied
            case .signal(SIGTSTP): Signals.raise(SIGSTOP)
            case .signal(let number) where ExecInputs.isFatal(number): throw ExecFailure.interrupted(number)
            case .guardSaid, .signal, .lease, .acquired, .timeIsUp: continue
            }
        }
        throw ExecFailure.guardDied
    }
}

// MARK: Events in, effects out

extension ExecRunner {
    private func drive(
        _ job: ExecJob, _ lock: HeldLock, _ group: inout ThrowingTaskGroup<Void, any Error>
    ) async -> ExecOutcome {
        var machine = job.machine
        // What ended before the first look at it has sent its signal into an inbox that may be read already.
        var events = changes(of: job)
        while true {
            for event in events {
                for effect in machine.handle(event) {
                    if case .finish(let outcome) = effect { return outcome }
                    carryOut(effect, job, lock, &group)
                }
            }
            guard let input = await inputs.next() else { return .leaseLost("the runner was cancelled") }
            events = translate(input, job, lock)
        }
    }

    private func translate(_ input: ExecInputs.Input, _ job: ExecJob, _ lock: HeldLock) -> [ExecMachine.Event] {
        switch input {
        case .signal(SIGCHLD): changes(of: job)
        case .signal(SIGCONT):
            [
                .continued(
                    foreground: job.terminal?.isOurs ?? false, leaseHeld: lock.lease.isHeld, at: time.now)
            ]
        case .signal(let number): [.signalled(number)]
        case .guardSaid(.fired): [.guardFired]
        case .guardSaid(nil): [.guardGone(at: time.now)]
        case .lease(let event): translate(event, lock)
        case .timeIsUp: [.timeIsUp]
        case .guardSaid, .acquired: []
        }
    }

    private func translate(_ event: LeaseEvent, _ lock: HeldLock) -> [ExecMachine.Event] {
        switch event {
        case .renewed(let until): [.leaseRenewed(Deadlines(validUntil: until, lease: term(of: lock)))]
        case .stop where isCapped(lock): [.leaseLost(Wording.loss(.holdLimit), at: time.now)]
        case .stop: [.leaseEnding(at: time.now)]
        case .kill: [.timeIsUp]
        case .lost(let reason): [.leaseLost(Wording.loss(reason), at: time.now)]
        case .warning, .suspect, .held: []
        }
    }

    /// What margins are measured by: a cap that is shorter than the lease has its own.
    private func term(of lock: HeldLock) -> Duration {
        min(lock.grant.lease, request.terms.maximumHold ?? lock.grant.lease)
    }

    /// Whether it is the cap that ends the grant, which no renewal can help.
    private func isCapped(_ lock: HeldLock) -> Bool {
        guard let limit = lock.grant.holdLimit, let end = lock.lease.validUntil else { return false }
        return end >= limit
    }

    private func changes(of job: ExecJob) -> [ExecMachine.Event] {
        var events: [ExecMachine.Event] = []
        var status: CInt = 0
        while waitpid(job.child, &status, WNOHANG | WUNTRACED | WCONTINUED) > 0 {
            switch ProcessChange(waitStatus: status) {
            case .ended(let end): events.append(.childEnded(end, at: time.now))
            case .stopped(let signal):
                events.append(.childStopped(signal, foreground: job.terminal?.isOurs ?? false))
            case .continued: continue
            }
        }
        return events
    }

    private func carryOut(
        _ effect: ExecMachine.Effect, _ job: ExecJob, _ lock: HeldLock,
        _ group: inout ThrowingTaskGroup<Void, any Error>
    ) {
        switch effect {
        case .signalGroup(let number): Signals.send(number, toGroup: job.link.group)
        case .armGuard(let deadlines): job.link.say(.arm(deadlines.forGuard(lease: term(of: lock))))
        case .dismissGuard: job.link.dismiss()
        case .endGuard: job.link.end()
        case .giveTerminal: job.terminal?.give(to: job.link.group)
        case .takeTerminal: job.terminal?.takeBack()
        case .suspend: Signals.raise(SIGSTOP)
        case .wake(let moment):
            let (inputs, time) = (inputs, time)
            group.addTask {
                try await time.sleep(until: moment)
                inputs.put(.timeIsUp)
            }
        case .finish: break  // Ends the loop that calls this.
        }
    }
}

/// Guard and child of one `exec`.
struct ExecJob {
    let child: pid_t
    let link: GuardLink
    let terminal: Terminal?
    /// As the child starts.
    let machine: ExecMachine
}
