import Lockstead
import Synchronization
import Testing

/// What the README's sample calls, so that a test can see that all of it ran.
enum Shop {
    private static let noted = Mutex<[String]>([])

    static var deeds: [String] { noted.withLock(\.self) }
    static func note(_ deed: String) { noted.withLock { $0.append(deed) } }
}

private func ship(order: Int, fence: FencingToken) async throws {
    #expect(fence > FencingToken(rawValue: 0))
    Shop.note("ship \(order)")
}

private func buildReport() async throws -> String {
    Shop.note("report")
    return "the report"
}

private func publishPrices() async throws { Shop.note("prices") }
private func transfer() async throws { Shop.note("transfer") }
private func encode() async throws { Shop.note("encode") }

func runReadmeSample() async throws {
    // snippet: readme
    try await LockClient.with(.inProcess) { locks in  // or .file("/var/lib/shop/locks"): all processes of this host
        // Waits its turn; the lease is renewed while the body runs; released on every way out.
        try await locks.withLock("orders/42") { lease in
            try await ship(order: 42, fence: lease.token)
        }

        // nil: someone else is at it.
        let report = try await locks.tryWithLock("nightly-report") { _ in
            try await buildReport()
        }
        print(report ?? "already being built")

        // Readers beside each other, for at most two seconds of waiting, and only where tokens rise for ever.
        try await locks.withLock("prices", mode: .shared, waitingAtMost: .seconds(2), require: .fenced) { lease in
            try lease.ensure(atLeast: .milliseconds(500))
            try await publishPrices()
        }

        // Several names, all or none; and four at a time.
        try await locks.withLocks(["accounts/1", "accounts/2"]) { _ in try await transfer() }
        try await locks.semaphore("encoder", permits: 4).withPermit { _ in try await encode() }
    }
    // end
}
