#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#elseif canImport(Darwin)
    internal import Darwin
#endif
internal import LockCore
internal import Synchronization

/// One reader of `changes`: which names it knows up to where, which it must look at, and what it found.
final class FileChangeReader: Sendable {
    private struct State {
        /// Up to which number each name's changes were read.
        var read: [NameKey: UInt64] = [:]
        /// When something of a name ends by itself.
        var due: [NameKey: ContinuousTime] = [:]
        /// Files that may tell something new, in order of their first event.
        var dirty: [String] = []
        var found: [LockChange] = []
        /// Folder lanes whose starting point is not read yet.
        var lanesToBegin = FileWorker.width
        var failure: LockError?
    }

    private let backend: FileBackend
    private let prefix: [UInt8]
    private let state = Mutex(State())
    private let signal = WakeSignal()
    private let watch = Mutex<FileNotifier.Watch?>(nil)
    private let id = Mutex<UInt64?>(nil)

    init(_ backend: FileBackend, prefix: String) { (self.backend, self.prefix) = (backend, Array(prefix.utf8)) }

    deinit {
        let id = id.withLock { $0 }
        if let id { backend.lives.withLock { $0.readers[id] = nil } }
    }

    /// Notes where every name stands, on each lane before any later call of this client.
    func begin() {
        let number = backend.lives.withLock { lives in
            lives.nextReader += 1
            lives.readers[lives.nextReader] = signal
            return lives.nextReader
        }
        id.withLock { $0 = number }
        let watch = backend.notifier.watch(backend.store.folder.path, for: .contents) { [weak self] file in
            self?.noteEvent(file)
        }
        self.watch.withLock { $0 = watch }
        for lane in 0..<FileWorker.width { backend.worker.enqueue(on: lane) { self.begin(lane) } }
    }

    private func begin(_ lane: Int) {
        do throws(LockError) {
            for key in try backend.store.names() where FileWorker.lane(of: key) == lane && concerns(key) {
                let mark = try backend.store.mark(key)
                state.withLock { state in
                    state.read[key] = state.read[key] ?? mark.next
                    state.due[key] = mark.due
                }
            }
        } catch {
            state.withLock { $0.failure = $0.failure ?? error }
        }
        state.withLock { $0.lanesToBegin -= 1 }
        signal.ring()
    }

    private func concerns(_ key: NameKey) -> Bool { key.name.text.utf8.starts(with: prefix) }

    private func noteEvent(_ file: String) {
        let stateFile: String
        switch LockFileName(file) {
        case .state: stateFile = file
        case .lifeline(let hash, _): stateFile = hash + LockFileName.stateSuffix
        case .unborn, .foreign: return
        }
        let isNew = state.withLock { state in
            if state.dirty.contains(stateFile) { return false }
            state.dirty.append(stateFile)
            return true
        }
        if isNew { signal.ring() }
    }

    /// The next change; `nil` when the engine has ended.
    func next() async throws -> LockChange? {
        while true {
            try Task.checkCancellation()
            let (change, failure) = state.withLock { state in
                (state.found.isEmpty ? nil : state.found.removeFirst(), state.failure)
            }
            if let change { return change }
            if let failure { throw failure }
            if backend.lives.withLock({ $0.isOver }) { return nil }
            let work = takeWork()
            if work.isEmpty { try await signal.sleep(until: nextLook(), on: backend.time) }
            for file in work { try await read(file) }
        }
    }

    /// RULES 20: at the latest after a second, in case the system cannot watch.
    private func nextLook() -> ContinuousTime {
        let due = state.withLock { $0.due.values.min() ?? .distantFuture }
        let isWatching = watch.withLock { $0 != nil }
        return isWatching ? due : min(due, backend.time.now + .seconds(1))
    }

    private func takeWork() -> [String] {
        let now = backend.time.now
        let isWatching = watch.withLock { $0 != nil }
        return state.withLock { state in
            guard state.lanesToBegin == 0 else { return [] }
            let overdue = state.due.filter { !isWatching || $0.value <= now }.keys.map(\.stateFile).sorted()
            defer { state.dirty = [] }
            return state.dirty + overdue.filter { !state.dirty.contains($0) }
        }
    }

    private func read(_ file: String) async throws {
        let backend = backend
        let key = await backend.worker.run(on: 0) { backend.store.key(of: file) }
        guard let key, concerns(key) else { return }
        let from = state.withLock { $0.read[key] ?? 1 }
        let news = try await backend.worker.attempt(key, until: .distantFuture, cancellable: true) {
            () throws(LockError) in try backend.store.news(key, from: from)
        }
        guard let news else { return }
        state.withLock { state in
            state.found += news.changes
            state.read[key] = news.mark.next
            state.due[key] = news.mark.due
        }
    }
}

/// Where a name's changes stand.
struct ChangeMark: Sendable {
    var next: UInt64
    /// When one of its sessions or timers runs out, if nothing happens.
    var due: ContinuousTime?
}

extension StateStore {
    /// Where a name stands, read without its lock.
    fileprivate func mark(_ key: NameKey) throws(LockError) -> ChangeMark {
        guard let file = try? OpenFile.open(folder.path(of: key.stateFile), O_RDONLY),
            let slots = try? SlotFile(reading: file),
            let body = slots.latest?.body, let state = try? NameState(decoding: body)
        else { return ChangeMark(next: 1, due: nil) }  // Gone or being written; its next event brings us back.
        return ChangeMark(state)
    }

    fileprivate func key(of file: String) -> NameKey? {
        guard case .state(let hash) = LockFileName(file) else { return nil }
        // A file that is gone or damaged tells no changes; whoever asks for its lock is told why.
        return try? name(in: file, hash)
    }

    struct News: Sendable {
        var changes: [LockChange]
        var mark: ChangeMark
    }

    /// What happened since, after ending the dead.
    fileprivate func news(_ key: NameKey, from number: UInt64) throws(LockError) -> Attempt<News> {
        let looked = try view(key) { (state, _, _) throws(LockError) in
            state.isChanged ? nil : News(state, from: number)
        }
        switch looked {
        case .contended: return .contended
        case .done(nil): return .done(News(changes: [], mark: ChangeMark(next: 1, due: nil)))
        case .done(let news??): return .done(news)
        case .done(.some(nil)): break
        }
        // Something ended that nobody wrote down yet.
        let attempt = try change(key, creating: false) { (state, _) throws(LockError) in News(state, from: number) }
        switch attempt {
        case .contended: return .contended
        case .done(let change): return .done(change?.value ?? News(changes: [], mark: ChangeMark(next: 1, due: nil)))
        }
    }
}

extension StateStore.News {
    /// A state whose numbers are behind the reader's is another file in the place of the one that was read.
    fileprivate init(_ state: NameState, from number: UInt64) {
        let start = number > state.journal.nextNumber ? 1 : number
        self.init(changes: state.journal.changes(from: start), mark: ChangeMark(state))
    }
}

extension ChangeMark {
    fileprivate init(_ state: NameState) {
        let ends = state.entries.map(\.validUntil) + [state.table.nextDue.map(state.continuousTime)].compactMap(\.self)
        self.init(next: state.journal.nextNumber, due: ends.min())
    }
}
