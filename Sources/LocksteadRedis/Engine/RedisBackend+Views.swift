package import Lockstead
import RESP

extension RedisBackend {
    /// Who waits beyond these is counted, not named.
    private static let waitersTold = 100
    /// So many keys the server looks at in one step of a listing.
    private static let scanStep = 1_000
    /// So many locks are described in one go.
    private static let describedAtOnce = 64

    package func inspect(_ name: LockName, deadline: ContinuousTime) async throws(LockError) -> LockDescription? {
        let call = inspectCall(try naming.keys(of: name))
        await watchesBegun(until: deadline)
        return try describe(name, try await answer(to: call, deadline))
    }

    private func inspectCall(_ keys: LockKeys) -> RedisScriptCall {
        var call = call(LockScripts.inspect, [keys])
        call.append(Self.waitersTold)
        return call
    }

    package func list(
        prefix: String, limit: Int, deadline: ContinuousTime
    ) async throws(LockError) -> [LockDescription] {
        guard limit > 0 else { return [] }
        let deadline = self.limit(deadline)
        await watchesBegun(until: deadline)
        let names = try await names(under: prefix, deadline).sorted()
        var found: [LockDescription] = []
        var rest = names[...]
        while !rest.isEmpty, found.count < limit {
            let batch = rest.prefix(Self.describedAtOnce)
            rest = rest.dropFirst(batch.count)
            found += try await describe(Array(batch), deadline)
        }
        return Array(found.prefix(limit))
    }

    private func describe(_ names: [LockName], _ deadline: ContinuousTime) async throws(LockError) -> [LockDescription]
    {
        let calls = try keys(of: names).map(inspectCall)
        let answers = await client.pipeline(calls, deadline: deadline)
        var found: [LockDescription] = []
        for (name, answer) in zip(names, answers) {
            switch answer {
            case .success(let value):
                if let description = try describe(name, value), description.isOurs { found.append(description) }
            // A key of that name that is no lock: whoever lists locks does not ask for it.
            case .failure(let error) where error.code == .wrongType: continue
            case .failure(let error): throw LockError(error)
            }
        }
        return found
    }

    /// The names that someone holds (the lock's own key) or awaits (its queue), each once.
    ///
    /// Both passes together may miss a lock that was
    /// released and taken meanwhile, as every list may.
    private func names(under prefix: String, _ deadline: ContinuousTime) async throws(LockError) -> Set<LockName> {
        let start = (naming.prefix + prefix).globEscaped
        var names: Set<LockName> = []
        for server in try await primaries(deadline) {
            for key in try await scan(server, start + "*", type: "string", deadline) {
                if let name = naming.name(ofMain: key) { names.insert(name) }
            }
            for pattern in ["{" + start + "*}:queue", start + "*::queue"] {
                for key in try await scan(server, pattern, type: "zset", deadline) {
                    if let name = naming.name(ofQueue: key) { names.insert(name) }
                }
            }
        }
        return names.filter { $0.text.utf8.starts(with: prefix.utf8) }
    }

    private func primaries(_ deadline: ContinuousTime) async throws(LockError) -> [any RedisClient] {
        do throws(RedisError) { return try await client.primaries(deadline: deadline) } catch {
            throw LockError(error)
        }
    }

    private func scan(
        _ server: any RedisClient, _ pattern: String, type: String, _ deadline: ContinuousTime
    ) async throws(LockError) -> [String] {
        var (cursor, keys) = ("0", [String]())
        repeat {
            // A keyspace may be of any size, and a broken server never ends.
            guard time.now < deadline else { throw .longListing() }
            let command = RedisCommand(
                "SCAN", cursor, "MATCH", pattern, "COUNT", "\(Self.scanStep)", "TYPE", type)
            let answer: RESPValue
            do throws(RedisError) { answer = try await server.send(command, deadline: deadline) } catch {
                throw LockError(error)
            }
            guard let parts = answer.elements, parts.count == 2, let next = parts[0].text, let page = parts[1].elements
            else { throw .badAnswer(of: "SCAN") }
            // A key that is no UTF-8 is no name.
            keys += page.compactMap(\.text)
            cursor = next
        } while cursor != "0"
        return keys
    }

    package func forceRelease(
        _ name: LockName, reason: String, now isImmediate: Bool, deadline: ContinuousTime
    ) async throws(LockError) -> ForcedRelease {
        guard reason.utf8.count <= Limits.reasonBytes else { throw LockError(Refusal.noteTooLong) }
        var call = freeingCall(LockScripts.force, [try naming.keys(of: name)])
        call.append(WakeMessage.word(ofReason: reason))
        call.append(isImmediate ? 1 : 0)
        // A repetition must not revoke whoever came after the first time.
        var generator = SystemRandomNumberGenerator()
        call.append(RequestID.random(using: &generator).description)
        guard let parts = try await runPersistently(call, until: deadline).answer.elements,
            let rest = parts.first?.integer
        else { throw .badAnswer(of: "force") }
        guard rest >= 0 else { throw Self.foreign(name) }
        let tokens = parts.dropFirst().compactMap(\.text).compactMap(FencingToken.init)
        return ForcedRelease(
            revoked: tokens, waitsAtMost: isImmediate ? .zero : .milliseconds(rest),
            waivedExclusion: isImmediate && !tokens.isEmpty)
    }

    private static func foreign(_ name: LockName) -> LockError {
        LockError(
            .unsupported,
            "The key \"\(name)\" was written by another program, which cannot be told to stop. Stop that program, or remove the key with DEL.",
            effect: .didNotHappen)
    }
}

extension LockError {
    fileprivate static func longListing() -> LockError {
        LockError(
            .engineUnavailable,
            "The server has more keys than could be looked through in time. Give the locks a database of their own, or list with a later deadline.",
            effect: .didNotHappen)
    }
}

// MARK: Descriptions

extension RedisBackend {
    /// Reads the inspect script's answer; `nil` where nobody holds or awaits the name.
    func describe(_ name: LockName, _ answer: RESPValue) throws(LockError) -> LockDescription? {
        guard let parts = answer.elements, parts.count == 6, let now = parts[0].integer, let value = parts[1].bytes,
            let shared = parts[3].elements, let waiting = parts[4].elements, let count = parts[5].integer
        else { throw .badAnswer(of: "inspect") }
        let waiters = waiting.compactMap { $0.text.flatMap { WaiterRecord($0) } }
        var holders = shared.compactMap { $0.text.flatMap { HolderRecord($0)?.description(at: now) } }
        if holders.isEmpty, !value.isEmpty {
            let text = String(decoding: value, as: UTF8.self)
            if let record = HolderRecord(text) {
                holders = [record.description(at: now)]
            } else if !text.hasPrefix("lockstead:shared ") {
                holders = [.foreign(text, rest: parts[2].integer ?? -1)]
            }
        }
        guard let mode = holders.first?.mode ?? waiters.first?.mode else { return nil }
        return LockDescription(
            name: name, kind: mode.kind, holders: holders.sorted { $0.token < $1.token },
            waiters: waiters.map { $0.description(at: now) }, waiterCount: max(Int(count), waiters.count))
    }

    /// Who is in the way of an acquire, as far as its answer tells: readers and other permits are many, and not named.
    func blocker(of ask: Ask, value: String, rest: Int64) -> LockDescription? {
        guard let name = ask.request.names.first, ask.request.names.count == 1, !value.isEmpty,
            !value.hasPrefix("lockstead:shared ")
        else { return nil }
        // The answer carries no time of the server; what is left says enough.
        let record = HolderRecord(value)
        let holder =
            record.map { record in
                let left = max(0, rest.saturatingSubtracting(record.delay))
                return record.description(at: record.ends.saturatingSubtracting(left))
            } ?? .foreign(value, rest: rest)
        return LockDescription(
            name: name, kind: holder.mode.kind, holders: [holder], waiters: [], waiterCount: 0)
    }
}

extension LockDescription {
    /// Whether one of us holds or awaits it.
    fileprivate var isOurs: Bool { waiterCount > 0 || holders.contains { $0.token.rawValue > 0 } }
}

extension LockDescription.Holder {
    /// A holder that is another program: without a token, and with the beginning of what it wrote.
    fileprivate static func foreign(_ value: String, rest: Int64) -> Self {
        let start = String(value.unicodeScalars.prefix(64).map { $0.value < 0x20 ? "?" : Character($0) })
        return Self(
            owner: OwnerID(high: 0, low: 0), mode: .exclusive, token: FencingToken(rawValue: 0), heldFor: .zero,
            remaining: rest < 0 ? nil : .milliseconds(rest), note: HolderNote(purpose: "another program: \(start)"))
    }
}
