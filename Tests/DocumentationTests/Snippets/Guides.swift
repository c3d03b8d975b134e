import Lockstead
import LocksteadGuards
import ServiceLifecycle

private func transfer(under token: FencingToken) async throws {}
private func render() async throws -> [String] { [] }
private func send(_ pages: [String]) async throws {}

func chooseAnEngine(_ locks: LockClient) async throws {
    // snippet: insist on a guarantee
    try await locks.withLock("accounts/7", require: .fenced) { lease in
        try await transfer(under: lease.token)
    }
    // end
}

private func moveOneCoin(in balances: [UInt8]) -> [UInt8] { balances }

func fence(_ locks: LockClient) async throws {
    // snippet: a fenced file
    let ledger = FencedFile("/var/lib/shop/ledger")
    try await locks.withLock("ledger") { lease in
        let balances = try await ledger.enter(lease.token)
        try await ledger.write(lease.token, moveOneCoin(in: balances))
    }
    // end
}

func askBeforeAnIrreversibleStep(_ locks: LockClient) async throws {
    // snippet: ask before an irreversible step
    try await locks.withLock("reports/monthly") { lease in
        let pages = try await render()
        try lease.ensure(atLeast: .seconds(5))
        try await send(pages)
    }
    // end
}

func useTheInProcessEngine() async throws {
    // snippet: in-process engine
    try await LockClient.with(.inProcess) { locks in
        try await locks.withLock("orders/42") { lease in
            print("working under token \(lease.token)")
        }
    }
    // end
}

private func schedule(under term: FencingToken) async throws {}

// snippet: a leader as a service
struct Scheduler: Service {
    let locks: LockClient

    func run() async throws {
        do {
            try await cancelWhenGracefulShutdown {
                try await locks.election("scheduler").campaign(as: "10.0.0.7:8080") { leadership in
                    try await schedule(under: leadership.term)
                }
            }
        } catch is CancellationError where Task.isShuttingDownGracefully {
            // The body has ended and the next candidate leads already.
        }
    }
}
// end

func knowTheMembers(_ locks: LockClient) async throws {
    // snippet: members of a group
    let workers = try locks.membership("workers")
    try await workers.withMembership(as: "worker-7", payload: "10.0.0.7:8080") { _ in
        for try await members in try await workers.observe() {
            print("\(members.count) workers: \(members.map(\.payload))")
        }
    }
    // end
}

private struct TooLate: Error {}
private func apply(_ limits: [UInt8]?) {}

func followAConfiguration(_ locks: LockClient, _ limits: [UInt8]) async throws {
    // snippet: change a configuration
    let (name, store) = (try LockName("config/limits"), try locks.cache("config").store)
    try await locks.withLock(name) { lease in
        guard try await store.store(limits, in: name, under: lease.token) else { throw TooLate() }
    }
    // end
    // snippet: follow a configuration
    let changes = locks.changes(prefix: "config/limits")
    apply(try await store.load(name))
    for try await change in changes where change.name == name && change.kind == .registerChanged {
        apply(try await store.load(name))
    }
    // end
}
