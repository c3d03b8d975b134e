import Lockstead
import LocksteadGuards

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// The ledger of the demonstration: one file, once as any program uses a file, once behind a fence.
struct DemoLedger: Sendable {
    private let unguarded: UnguardedFile
    private let fenced: FencedFile

    init(path: String) { (unguarded, fenced) = (UnguardedFile(path), FencedFile(path)) }

    // MARK: As any program uses a file

    /// Puts all coins into the first account.
    func reset() throws { try overwrite(Balances(checking: 0, savings: 0)) }

    /// Reads without asking the fence.
    func peek() throws -> Balances { try Self.balances(from: try unguarded.read()) }

    /// Writes without asking the fence; whole, so that a reader never sees half a ledger.
    func overwrite(_ balances: Balances) throws {
        try unguarded.replace(Array(balances.text.utf8), writer: Int(getpid()))
    }

    // MARK: Behind the fence

    /// Enters under a grant's token and reads: from now on lower tokens are refused.
    func enter(_ token: FencingToken) async throws -> Balances {
        try Self.balances(from: try await fenced.enter(token))
    }

    /// Writes under a grant's token.
    ///
    /// - Throws: `GuardError` with the code `stale` where a higher token has entered since.
    func write(_ balances: Balances, _ token: FencingToken) async throws {
        try await fenced.write(token, Array(balances.text.utf8))
    }

    private static func balances(from bytes: [UInt8]) throws -> Balances {
        guard let balances = Balances(text: String(decoding: bytes, as: UTF8.self)) else {
            throw DemoFailure("the ledger cannot be read")
        }
        return balances
    }
}
