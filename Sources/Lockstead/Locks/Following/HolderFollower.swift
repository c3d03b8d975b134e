import LockCore

/// Follows who holds a set of locks: watches first, then reads, so that nothing falls between; and reads again whatever the watch says, at the
/// latest after a second (RULES 20).
struct HolderFollower: Sendable {
    /// The longest time between two readings, whatever the watch lost.
    static let longestPause = TimeSpan.seconds(1)
    /// And the shortest: a lease that is about to end is not asked about all the time.
    static let shortestPause = TimeSpan.milliseconds(50)

    let client: LockClient
    /// What the locks' names start with.
    let prefix: String
    let concerns: @Sendable (LockName) -> Bool
    let read: @Sendable (ContinuousTime) async throws(LockError) -> [LockDescription]

    /// Runs until the engine ends, the task is cancelled, or `report` says that nobody listens any more.
    ///
    /// - Throws: What will not mend by itself; after anything else it begins anew.
    func run(from book: inout HolderBook, report: (HolderBook) -> Bool) async throws {
        while !Task.isCancelled {
            do {
                return try await watch(&book, report)
            } catch let watch as WatchEnded where watch.isWorthAnother {
                try await client.time.sleep(until: client.time.now + Self.longestPause)
            } catch let watch as WatchEnded {
                throw watch.cause
            } catch let error as LockError where Self.maySubside(error) {
                try await client.time.sleep(until: client.time.now + Self.longestPause)
            }
        }
    }

    private func watch(_ book: inout HolderBook, _ report: (HolderBook) -> Bool) async throws {
        let inbox = ChangeInbox()
        // Begun before the first reading.
        let changes = client.backend.changes(prefix: prefix)
        try await withThrowingTaskGroup(of: Void.self) { group in
            defer { group.cancelAll() }
            group.addTask { await self.fill(inbox, from: changes) }
            try await follow(inbox, &book, report)
        }
    }

    private func fill(_ inbox: ChangeInbox, from changes: AsyncThrowingStream<LockChange, any Error>) async {
        do {
            for try await change in changes where concerns(change.name) { inbox.put(change) }
            inbox.end(.success(()))
        } catch {
            inbox.end(.failure(WatchEnded(cause: error)))
        }
    }

    private func follow(_ inbox: ChangeInbox, _ book: inout HolderBook, _ report: (HolderBook) -> Bool) async throws {
        var nextReading = client.time.now
        // Nothing is told before the first reading, so nothing is waited for either.
        var doubts = ReadingDoubts(patience: 0)
        while !Task.isCancelled {
            if client.time.now >= nextReading {
                nextReading = try await takeReading(&book, &doubts)
                guard report(book) else { return }
            }
            await inbox.news.wait(until: nextReading, time: client.time)
            inbox.news.clear()
            let content = inbox.take()
            for change in content.changes {
                book.apply(change)
                guard report(book) else { return }
            }
            if content.hasOverflowed { nextReading = client.time.now }
            if let end = content.end { return try end.get() }
        }
    }

    /// - Returns: When to read next.
    private func takeReading(
        _ book: inout HolderBook, _ doubts: inout ReadingDoubts
    ) async throws(LockError) -> ContinuousTime {
        let deadline = client.time.now.advanced(by: client.configuration.callDeadline)
        let descriptions = try await read(deadline)
        var candidate = book
        candidate.read(descriptions)
        guard doubts.mayAdopt(candidate, over: book) else { return client.time.now + Self.shortestPause }
        book = candidate
        return client.time.now + Self.pause(after: descriptions, draw: .random(in: 0...(.max)))
    }

    /// Until the first lease may have run out, and a little later, so that not all who follow ask at once.
    static func pause(after descriptions: [LockDescription], draw: UInt64) -> TimeSpan {
        let remaining = descriptions.lazy.flatMap(\.holders).compactMap(\.remaining).min().map { TimeSpan($0) }
        guard let remaining else { return longestPause }
        return min(longestPause, max(shortestPause, remaining + draw.scaled(to: shortestPause)))
    }

    /// Whether the same call may succeed a little later.
    static func maySubside(_ error: LockError) -> Bool {
        switch error.code {
        case .engineUnavailable, .indeterminate, .recovering: true
        default: false
        }
    }
}

/// The watch ended with an error: not the reading.
private struct WatchEnded: Error {
    let cause: any Error

    /// A watch that was read too slowly is begun anew like one that broke.
    var isWorthAnother: Bool {
        guard let error = cause as? LockError else { return false }
        return error.code == .limitExceeded || HolderFollower.maySubside(error)
    }
}

extension LockClient {
    /// Follows who holds a set of locks in the client's own task group, for as long as somebody reads and the client runs.
    ///
    /// - Parameters:
    ///   - follower: Which locks.
    ///   - capacity: How many values wait for a reader that falls behind; the oldest are dropped.
    ///   - value: What to tell of a book. What equals the last told is not told again.
    /// - Returns: The values, beginning with the present one.
    /// - Throws: `unsupported`, or `notRunning`; what comes later ends the stream.
    func follow<Value: Sendable & Equatable>(
        _ follower: HolderFollower, keeping capacity: Int, _ value: @escaping @Sendable (HolderBook) -> Value
    ) async throws -> AsyncThrowingStream<Value, any Error> {
        try capabilities.demand(.changes, "watching locks")
        _ = try await operationDeadline()
        let (stream, continuation) = AsyncThrowingStream.makeStream(
            of: Value.self, bufferingPolicy: .bufferingNewest(capacity))
        let isOver = Signal()
        continuation.onTermination = { _ in isOver.set() }
        jobs.add { await Self.follow(follower, continuation, until: isOver, value) }
        // A client that stopped meanwhile runs no more jobs.
        if gate.phase == .stopped { continuation.finish() }
        return stream
    }

    private static func follow<Value: Sendable & Equatable>(
        _ follower: HolderFollower, _ continuation: AsyncThrowingStream<Value, any Error>.Continuation,
        until isOver: Signal, _ value: @escaping @Sendable (HolderBook) -> Value
    ) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                do {
                    try await tell(follower, continuation, value)
                    continuation.finish()
                } catch {
                    // A client that stops cancels its jobs: for the reader that is the end, and no error.
                    continuation.finish(throwing: error is CancellationError ? nil : error)
                }
            }
            group.addTask { await isOver.wait() }
            await group.next()
            group.cancelAll()
        }
    }

    private static func tell<Value: Sendable & Equatable>(
        _ follower: HolderFollower, _ continuation: AsyncThrowingStream<Value, any Error>.Continuation,
        _ value: @Sendable (HolderBook) -> Value
    ) async throws {
        var book = HolderBook()
        var lastTold: Value?
        try await follower.run(from: &book) { book in
            let value = value(book)
            guard value != lastTold else { return true }
            lastTold = value
            if case .terminated = continuation.yield(value) { return false }
            return true
        }
    }
}
