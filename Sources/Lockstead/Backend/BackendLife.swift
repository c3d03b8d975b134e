package import LockCore
import Synchronization

/// What lives as long as a backend runs: its jobs, those who listen to it, and its end.
package final class BackendLife: Sendable {
    package typealias Job = @Sendable () async -> Void

    private struct State {
        var isOver = false
        var notices: AsyncStream<BackendNotice>.Continuation?
        /// When a grant's cap ends it (RULES: the engine tells, whoever else does).
        var limits: [RequestID: ContinuousTime] = [:]
        /// Ends streams and wakes waiters when the backend stops.
        var farewells: [UInt64: @Sendable () -> Void] = [:]
        var nextTicket: UInt64 = 0
    }

    private let state = Mutex(State())
    private let jobSource: AsyncStream<Job>.Continuation
    /// Run by the backend's own task group.
    package let jobs: AsyncStream<Job>
    /// Rung when there is a new limit.
    package let limitsChanged = WakeSignal()

    package init() { (jobs, jobSource) = AsyncStream.makeStream(of: Job.self) }

    package var isOver: Bool { state.withLock { $0.isOver } }

    /// Has the backend's task group do something; dropped where it runs no more.
    package func add(_ job: @escaping Job) { jobSource.yield(job) }

    package func end() {
        let (notices, farewells) = state.withLock { state in
            state.isOver = true
            defer { (state.notices, state.farewells) = (nil, [:]) }
            return (state.notices, state.farewells.values.map(\.self))
        }
        jobSource.finish()
        notices?.finish()
        for farewell in farewells { farewell() }
    }

    /// Has `farewell` called once, at the end; at once where that is over.
    package func atEnd(_ farewell: @escaping @Sendable () -> Void) -> UInt64? {
        let ticket = state.withLock { state -> UInt64? in
            guard !state.isOver else { return nil }
            state.nextTicket += 1
            state.farewells[state.nextTicket] = farewell
            return state.nextTicket
        }
        if ticket == nil { farewell() }
        return ticket
    }

    package func forgetFarewell(_ ticket: UInt64?) {
        guard let ticket else { return }
        _ = state.withLock { $0.farewells.removeValue(forKey: ticket) }
    }
}

// MARK: Notices

extension BackendLife {
    package func makeNotices() -> AsyncStream<BackendNotice> {
        let (stream, continuation) = AsyncStream.makeStream(of: BackendNotice.self)
        let isOver = state.withLock { state in
            if !state.isOver { state.notices = continuation }
            return state.isOver
        }
        if isOver { continuation.finish() }
        return stream
    }

    package func tell(_ notice: BackendNotice) {
        let notices = state.withLock { $0.notices }
        notices?.yield(notice)
    }
}

// MARK: Caps on the total hold

extension BackendLife {
    package func watchLimit(_ limit: ContinuousTime, of request: RequestID) {
        state.withLock { $0.limits[request] = limit }
        limitsChanged.ring()
    }

    package func forgetLimit(of request: RequestID) { _ = state.withLock { $0.limits.removeValue(forKey: request) } }

    package func limitsReached(at now: ContinuousTime) -> (reached: [RequestID], next: ContinuousTime?) {
        state.withLock { state in
            let reached = state.limits.filter { $0.value <= now }.map(\.key)
            for request in reached { state.limits[request] = nil }
            return (reached, state.limits.values.min())
        }
    }
}
