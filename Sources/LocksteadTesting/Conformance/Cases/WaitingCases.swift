import Lockstead

extension ConformanceSuite {
    static let waitingCases: [ConformanceCase] = [
        ConformanceCase(
            "waiting/deadline",
            "A wait ends at its deadline, not before it and not much after it",
            covers: ["L5"], kinds: [.exclusive]
        ) { context in
            try await context.withTwoBackends { one, two in
                let held = try await context.hold("a", on: one)
                for backend in [one, two] {
                    let deadline = context.now.advanced(by: .milliseconds(300))
                    let outcome = try await backend.acquire(try context.request("a", wait: .until(deadline)))
                    guard case .busy = outcome else { throw ConformanceFailure("two holders", Place()) }
                    let late = deadline.duration(to: context.now)
                    try context.check(late >= .zero, "it gave up \(late) after its deadline")
                    try context.check(late <= .milliseconds(100) + context.slack, "it was late by \(late)")
                }
                try await context.release(held, on: one)
            }
        },
        ConformanceCase(
            "waiting/deadline-in-the-past",
            "A deadline that has passed means: take it if it is free, and do not wait",
            covers: ["L5"], kinds: [.exclusive]
        ) { context in
            try await context.withBackend { backend in
                let past = context.now.advanced(by: .seconds(-1))
                let held = try await context.grant(try context.request("a", wait: .until(past)), on: backend)
                let start = context.now
                guard case .busy = try await backend.acquire(try context.request("a", wait: .until(past))) else {
                    throw ConformanceFailure("two holders", Place())
                }
                try context.check(
                    start.duration(to: context.now) <= .milliseconds(100) + context.slack, "it waited all the same")
                try await context.release(held, on: backend)
            }
        },
        ConformanceCase(
            "waiting/no-lost-wake-up",
            "Hundreds of releases race with hundreds of beginning waits, and every waiter is granted within a second",
            covers: ["L3", "R28", "R33"], kinds: [.exclusive]
        ) { context in
            try await context.withTwoBackends { one, two in
                for round in 0..<300 {
                    let (holder, waiter) = round.isMultiple(of: 2) ? (one, two) : (two, one)
                    let held = try await context.hold("a", on: holder)
                    let request = try context.request("a")
                    async let next = context.grant(request, on: waiter)
                    // So that the release comes before, during and after the beginning of the wait.
                    for _ in 0..<(round % 7) { await Task.yield() }
                    try await context.release(held, on: holder)
                    let released = context.now
                    let grant = try await next
                    let waited = released.duration(to: context.now)
                    try context.check(waited <= .seconds(1) + context.slack, "round \(round) waited \(waited)")
                    try await context.release(grant, on: waiter)
                }
            }
        },
        ConformanceCase(
            "waiting/many-waiters",
            "A hundred waiters of one name are all granted, one after the other",
            covers: ["L3", "L4", "R31", "S9"], kinds: [.exclusive]
        ) { context in
            let detector = OverlapDetector()
            try await context.withTwoBackends { one, two in
                try await context.contend(on: [one, two], tasks: 100, rounds: 1, detector) {
                    try context.request("a", lease: .seconds(60))
                }
            }
            try context.check(detector.violations.isEmpty, detector.violations.joined(separator: "; "))
        },
    ]

    static let cancellationCases: [ConformanceCase] = [
        ConformanceCase(
            "cancellation/leaves-the-queue",
            "A cancelled wait throws, holds nothing, and lets those behind it come forward",
            covers: ["R10", "R26", "R27", "R32", "S9"], kinds: [.exclusive], needs: [.inspect]
        ) { context in
            try await context.withTwoBackends { one, two in
                let held = try await context.hold("a", on: one)
                let (doomed, patient) = (try context.request("a"), try context.request("a"))
                try await withThrowingTaskGroup(of: Grant.self) { patientGroup in
                    try await withThrowingTaskGroup(of: Void.self) { doomedGroup in
                        doomedGroup.addTask {
                            _ = try await context.expect(.cancelled) { try await two.acquire(doomed) }
                        }
                        try await context.waitForWaiters(1, of: "a", on: one)
                        patientGroup.addTask { try await context.grant(patient, on: two) }
                        try await context.waitForWaiters(2, of: "a", on: one)
                        doomedGroup.cancelAll()
                        try await doomedGroup.waitForAll()
                    }
                    try await context.waitForWaiters(1, of: "a", on: one)
                    try await context.release(held, on: one)
                    guard let next = try await patientGroup.next() else { return }
                    try context.check(next.request == patient.id, "someone else was granted")
                    try await context.release(next, on: two)
                }
            }
        },
        ConformanceCase(
            "cancellation/lets-the-next-in",
            "When a waiter that kept others out gives up, those whom it kept out are granted at once",
            covers: ["L3", "R26"], kinds: [.semaphore], needs: [.permits, .fair, .inspect]
        ) { context in
            try await context.withTwoBackends { one, two in
                func permits(_ count: Int) throws -> LockRequest {
                    try context.request("s", mode: .permits(count: count, limit: 4), lease: .seconds(60))
                }
                let held = try await context.grant(try permits(2), on: one)
                let (large, small) = (try permits(3), try permits(1))
                try await withThrowingTaskGroup(of: Void.self) { doomed in
                    doomed.addTask { _ = try await context.expect(.cancelled) { try await two.acquire(large) } }
                    try await context.waitForWaiters(1, of: "s", on: one)
                    async let next = context.grant(small, on: one)
                    try await context.waitForWaiters(2, of: "s", on: one)
                    doomed.cancelAll()
                    try await doomed.waitForAll()
                    let start = context.now
                    let granted = try await next
                    let waited = start.duration(to: context.now)
                    try context.check(waited <= .seconds(1) + context.slack, "it was granted \(waited) later")
                    try await context.release(granted, on: one)
                }
                try await context.release(held, on: one)
            }
        },
        ConformanceCase(
            "cancellation/crossing-a-grant",
            "A cancellation that crosses the grant leaves nobody holding who does not know it",
            covers: ["R10", "R26", "R27"], kinds: [.exclusive]
        ) { context in
            try await context.withTwoBackends { one, two in
                for round in 0..<200 {
                    let held = try await context.hold("a", on: one)
                    let request = try context.request("a")
                    let crossed = try await withThrowingTaskGroup(of: Crossing?.self) { group in
                        group.addTask { try await context.grantUnlessCancelled(request, on: two) }
                        for _ in 0..<(round % 11) { await Task.yield() }
                        async let released: Void = context.release(held, on: one)
                        for _ in 0..<(round % 5) { await Task.yield() }
                        group.cancelAll()
                        try await released
                        return try await group.next() ?? nil
                    }
                    if case .granted(let grant)? = crossed { try await context.release(grant, on: two) }
                    if case .cancelled(.mayHaveHappened)? = crossed {
                        // An engine that had no answer to the withdrawal sees to it without the caller.
                        try await context.waitUntil("round \(round) left the lock free") {
                            try await context.isFree("a", on: one)
                        }
                    } else {
                        try context.check(try await context.isFree("a", on: one), "round \(round) left the lock taken")
                    }
                }
            }
        },
        ConformanceCase(
            "cancellation/before-the-call",
            "An acquire in a task that is cancelled already throws and takes nothing",
            covers: ["R27"], kinds: [.exclusive]
        ) { context in
            try await context.withBackend { backend in
                let request = try context.request("a")
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.cancelAll()
                    group.addTask { _ = try await context.expect(.cancelled) { try await backend.acquire(request) } }
                    try await group.waitForAll()
                }
                try context.check(try await context.isFree("a", on: backend), "the lock is taken")
            }
        },
        ConformanceCase(
            "cancellation/release-still-happens",
            "A release in a cancelled task still releases",
            covers: ["R20"], kinds: [.exclusive]
        ) { context in
            try await context.withBackend { backend in
                let held = try await context.hold("a", on: backend)
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.cancelAll()
                    group.addTask { try await context.release(held, on: backend) }
                    try await group.waitForAll()
                }
                try context.check(try await context.isFree("a", on: backend), "the lock is still taken")
            }
        },
    ]
}

extension ConformanceContext {
    /// The grant, or `nil` where the cancellation came first.
    func grantUnlessCancelled(_ request: LockRequest, on backend: any LockBackend) async throws -> Crossing {
        do {
            return .granted(try await grant(request, on: backend))
        } catch let error as LockError where error.code == .cancelled {
            return .cancelled(error.effect)
        }
    }
}

/// What became of an acquire whose task was cancelled.
enum Crossing: Sendable {
    case granted(Grant)
    /// Whether it may be there for a moment yet.
    case cancelled(LockError.Effect)
}
