#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#elseif canImport(Darwin)
    internal import Darwin
#endif
package import LockCore

extension FileBackend {
    package func inspect(_ name: LockName, deadline: ContinuousTime) async throws(LockError) -> LockDescription? {
        try await describe(NameKey(name), deadline)
    }

    package func list(
        prefix: String, limit: Int, deadline: ContinuousTime
    ) async throws(LockError) -> [LockDescription] {
        let start = Array(prefix.utf8)
        let keys = try await names().filter { $0.name.text.utf8.starts(with: start) }.sorted { $0.name < $1.name }
        var found: [LockDescription] = []
        for key in keys where found.count < limit {
            if let description = try await describe(key, deadline) { found.append(description) }
        }
        return found
    }

    private func describe(_ key: NameKey, _ deadline: ContinuousTime) async throws(LockError) -> LockDescription? {
        let description = try await worker.attempt(key, until: deadline) {
            () throws(LockError) -> Attempt<LockDescription?> in
            let attempt = try self.store.view(key) { (state, _, now) throws(LockError) in state.description(at: now) }
            switch attempt {
            case .contended: return .contended
            case .done(let description): return .done(description ?? nil)
            }
        }
        guard let description else { throw stuck(key) }
        return description
    }

    /// The names of all states in the folder.
    private func names() async throws(LockError) -> [NameKey] {
        let result = await worker.run(on: 0) { [store] () -> Result<[NameKey], LockError> in
            do throws(LockError) { return .success(try store.names()) } catch { return .failure(error) }
        }
        return try result.get()
    }

    package func forceRelease(
        _ name: LockName, reason: String, now isImmediate: Bool, deadline: ContinuousTime
    ) async throws(LockError) -> ForcedRelease {
        let key = NameKey(name)
        let answer = try await worker.attempt(key, until: deadline) { () throws(LockError) -> Attempt<Answer> in
            let attempt = try self.store.change(key, creating: false) { (state, now) throws(LockError) in
                state.apply(.forceRelease(.init(name: name, reason: reason, now: isImmediate)), at: now)
            }
            switch attempt {
            case .contended: return .contended
            case .done(let change): return .done(change?.value ?? .revoked([], waitsAtMost: .zero))
            }
        }
        switch answer {
        case nil: throw stuck(key)
        case .revoked(let tokens, let wait)?:
            return ForcedRelease(
                revoked: tokens, waitsAtMost: isImmediate ? .zero : wait.duration,
                waivedExclusion: isImmediate && !tokens.isEmpty)
        case .refused(let refusal)?: throw LockError(refusal)
        default: throw LockError(.engineUnavailable, "The lock's table gave no answer.", effect: .didNotHappen)
        }
    }
}

extension StateStore {
    /// How often to read again what another process may be writing: both slots are torn only if it wrote twice meanwhile.
    private static let readings = 8

    /// The names in the folder, read without the state locks: a name never changes, and both slots hold it.
    func names() throws(LockError) -> [NameKey] {
        do {
            var keys: [NameKey] = []
            for file in try folder.entries() {
                guard case .state(let hash) = LockFileName(file) else { continue }
                if let key = try name(in: file, hash) { keys.append(key) }
            }
            return keys
        } catch let error as SystemError {
            throw error.lockError()
        } catch let error as LockError {
            throw error
        } catch {
            throw LockError(.engineUnavailable, "The lock folder cannot be read.", effect: .didNotHappen, cause: error)
        }
    }

    /// `nil` for a state that repair made and nobody has asked for since: nobody holds or awaits it.
    func name(in file: String, _ hash: String) throws -> NameKey? {
        for _ in 0..<Self.readings {
            let slots = try SlotFile(reading: try OpenFile.open(folder.path(of: file), O_RDONLY))
            guard let body = slots.latest?.body else { continue }
            var reader = RecordReader(body)
            guard let text = try? reader.readText() else { break }
            if text.isEmpty { return nil }
            guard let name = try? LockName(text) else { break }
            let key = NameKey(name)
            if key.hash == hash { return key } else { break }
        }
        throw LockError(
            .corruptState,
            "The state file \(folder.path(of: file)) cannot be read. Run `lockstead repair` on the folder.",
            effect: .didNotHappen)
    }
}
