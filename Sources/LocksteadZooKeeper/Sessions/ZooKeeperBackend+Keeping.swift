import Jute
import Lockstead
import Synchronization

// What sessions tell, and what is told to them.
extension ZooKeeperBackend {
    func hearSessions(_ events: AsyncStream<SessionEvents.Told>) async {
        for await (session, event) in events {
            switch event {
            case .disconnected(let reason): suspect(session, reason)
            case .over: lose(session)
            }
        }
    }

    /// R43: nobody knows whether the session lives; a renewal that is answered says so.
    private func suspect(_ session: ZooKeeperSession, _ reason: String) {
        let requests = holds.withLock { $0.requests(of: session) }
        if !requests.isEmpty { life.tell(.suspect(requests, reason)) }
    }

    /// Its nodes are gone: whoever holds by it learns so at once.
    private func lose(_ session: ZooKeeperSession) {
        for request in holds.withLock({ $0.lost(session) }) { life.tell(.lost(request, .expired)) }
    }

    // MARK: What is said to a session

    /// Listens at a node of the session's own, where others say which of its grants they revoked; its end tells others of the session's.
    func hearOrders(to session: ZooKeeperSession) async {
        guard !session.takesAnyTimeout else { return }
        var known = Set<RequestID>()
        while !Task.isCancelled, !session.isOver {
            do throws(ZooKeeperError) {
                try await hearOrders(to: session, &known)
            } catch {
                // Without it a grant's next renewal brings what was said.
                await pause(.milliseconds(500))
            }
        }
    }

    private func hearOrders(
        to session: ZooKeeperSession, _ known: inout Set<RequestID>
    ) async throws(ZooKeeperError) {
        try await announce(session, until: patience)
        let path = naming.session(session.id)
        let bell = LookBell()
        let watch = session.watch(.node, path, bell)
        defer { session.unwatch(watch) }
        while !Task.isCancelled, !session.isOver, watch.happened != .deleted {
            if !watch.isSet {
                watch.isSet = true
                let answered = try await session.ask(.getData(path: path, watch: true), until: patience)
                if case .data(let data, _) = answered.result { carryOut(Orders(data), &known) }
            }
            // The loop looks at what ended it.
            _ = try? await bell.signal.sleep(until: nil, on: time)
        }
        // Removed by somebody: it is made anew.
        if watch.happened == .deleted { session.isAnnounced = false }
    }

    /// Makes the session's node, before anything is held by the session.
    func announce(_ session: ZooKeeperSession, until deadline: ContinuousTime) async throws(ZooKeeperError) {
        guard !session.isAnnounced else { return }
        if session.id == 0 {
            // Answered once there is a connection.
            do throws(ZooKeeperError) {
                _ = try await session.ask(.exists(path: "/", watch: false), until: deadline)
            } catch {
                guard error.code == .noNode else { throw error }
            }
        }
        let creation = ZKOperation.create(
            path: naming.session(session.id), data: [], access: engine.accessList, kind: .ephemeral)
        do throws(ZooKeeperError) { _ = try await session.ask(creation, until: deadline) } catch {
            switch error.code {
            case .nodeExists: break
            case .noNode:
                try await makeNode(naming.sessions, on: session, deadline)
                return try await announce(session, until: deadline)
            default: throw error.with(effect: .didNotHappen)
            }
        }
        session.isAnnounced = true
    }

    private func carryOut(_ orders: Orders, _ known: inout Set<RequestID>) {
        for (request, reason) in orders.revoked where known.insert(request).inserted {
            let reason = LossReason.revoked(reason)
            if holds.withLock({ $0.lost(request, reason) }) { life.tell(.lost(request, reason)) }
        }
    }
}

/// What others say to a session: which of its grants they revoked, and why.
///
/// A line for each: `request reason`.
struct Orders: Sendable, Equatable {
    var revoked: [(request: RequestID, reason: String)]

    /// So many are kept; those before have been heard long since.
    private static let most = 200

    init(_ data: [UInt8]) {
        revoked = String(decoding: data, as: UTF8.self).split(separator: "\n").compactMap { line in
            let words = line.split(separator: " ", omittingEmptySubsequences: false)
            guard words.count == 2, let request = RequestID(hexadecimal: words[0]) else { return nil }
            return (request, WordCoding.decode(words[1]))
        }
    }

    mutating func add(_ request: RequestID, _ reason: String) {
        revoked.append((request, reason))
        revoked = revoked.suffix(Self.most)
    }

    var data: [UInt8] {
        Array(revoked.map { "\($0.request) \(WordCoding.encode($0.reason))" }.joined(separator: "\n").utf8)
    }

    static func == (left: Orders, right: Orders) -> Bool { left.data == right.data }
}
