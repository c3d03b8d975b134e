import LockCore
import Synchronization

/// One body of `withLock` that runs, and the scopes around it: what re-entry and self-deadlock are judged by (RULES 12 and 13).
final class LockScope: Sendable {
    @TaskLocal static var current: LockScope?

    /// Different clients are different worlds.
    let client: ObjectIdentifier
    let lease: Lease
    let owner: OwnerID
    private let link: Mutex<LockScope?>
    /// Whether the scope was entered by the very task that ran the outer body, which now waits for this one.
    ///
    /// Then the task of this body stands for that of the outer body too.
    let continuesOuter: Bool
    /// The task that runs the body, or 0 before and after.
    private let bodyTask = Atomic<UInt>(0)

    init(client: ObjectIdentifier, lease: Lease, owner: OwnerID) {
        (self.client, self.lease, self.owner) = (client, lease, owner)
        var around = LockScope.current
        if around?.isLive == false { around = around?.outer }
        link = Mutex(around)
        continuesOuter = around?.isRun(by: .current) ?? false
        while let scope = around { around = scope.outer }
    }

    /// The scope around this one that still runs.
    ///
    /// Those that are over are let go: bodies that start one another in escaping tasks would keep them all.
    var outer: LockScope? {
        link.withLock { link in
            while let scope = link, !scope.isLive { link = scope.outer }
            return link
        }
    }

    var isLive: Bool { bodyTask.load(ordering: .acquiring) != 0 }

    func isRun(by task: TaskIdentity) -> Bool { task.bits != 0 && bodyTask.load(ordering: .acquiring) == task.bits }

    /// Runs a body as this scope's, on the current task.
    func run<R: Sendable>(_ body: @Sendable (Lease) async throws -> R) async throws -> R {
        bodyTask.store(TaskIdentity.current.bits, ordering: .releasing)
        defer { bodyTask.store(0, ordering: .releasing) }
        return try await LockScope.$current.withValue(self) { try await body(lease) }
    }
}

extension LockScope {
    /// How the calling task stands to a name.
    enum Standing {
        /// Nothing around it holds the name.
        case free
        /// The task itself holds it, in this scope.
        case own(LockScope)
        /// A task it descends from holds it and may be waiting for it.
        case ancestors(LockScope)
    }

    /// Looks through the scopes around the calling task.
    ///
    /// Permits count each for themselves and are not looked at.
    static func standing(to name: LockName, client: ObjectIdentifier) -> Standing {
        guard var scope = current else { return .free }
        var isOwn = scope.isRun(by: .current)
        while true {
            if scope.client == client, scope.isLive, scope.lease.excludes(name) {
                return isOwn ? .own(scope) : .ancestors(scope)
            }
            isOwn = isOwn && scope.continuesOuter
            guard let outer = scope.outer else { return .free }
            scope = outer
        }
    }

    /// The innermost scope of `client` that the calling task itself runs; its owner is the owner of what the task asks for.
    static func innermostOwn(client: ObjectIdentifier) -> LockScope? {
        guard var scope = current, scope.isRun(by: .current) else { return nil }
        while scope.client != client {
            guard scope.continuesOuter, let outer = scope.outer else { return nil }
            scope = outer
        }
        return scope
    }

    /// Whether the calling task runs inside a live body of `client`, be it its own or an ancestor's.
    static func isInside(client: ObjectIdentifier) -> Bool {
        var scope = current
        while let candidate = scope {
            if candidate.client == client, candidate.isLive { return true }
            scope = candidate.outer
        }
        return false
    }
}
