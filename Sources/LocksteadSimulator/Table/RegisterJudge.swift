import LockCore

/// Judges registers by commands and answers alone, as a resource that remembers everything would be judged (S6).
struct RegisterJudge {
    private struct Book {
        var newest: UInt64 = 0
        var value: [UInt8]?
        var writer: FencingToken?
        var revision = RegisterRevision.vacant
        var until = LogTime.distantFuture
    }

    private var books: [LockName: Book] = [:]
    private var highestRevision = RegisterRevision.vacant
    /// When the first value runs out.
    private var firstEnd = LogTime.distantFuture
    private var judged = 0
    /// What nobody stored to is looked at after so many commands: only stores and time change a register.
    private static let looksForAll = 32

    /// The first thing that was wrong with this step, in words.
    mutating func judge(
        _ command: Command, _ answer: Answer, _ effects: [Effect], _ table: LockTable, isLive: Bool
    ) -> String? {
        endValues(at: table.logTime)
        let problem: String?
        switch (command, answer) {
        case (.store(let store), .register(let outcome)):
            problem = judge(store, outcome, isLive, effects, table)
        case (.store(let store), .refused(let refusal)): problem = judge(store, refusal)
        case (.store, _): problem = "a store was answered \(answer)"
        case (_, .register): problem = "\(command) was answered as a store"
        default: problem = nil
        }
        if let problem { return problem }
        judged += 1
        if judged % Self.looksForAll == 0 { return booksProblem(table) }
        guard case .store(let store) = command, let book = books[store.name] else { return nil }
        return bookProblem(store.name, book, table)
    }

    private mutating func endValues(at now: LogTime) {
        guard firstEnd <= now else { return }
        for name in Array(books.keys) where books[name].map({ $0.until <= now }) ?? false {
            books[name] = Book(newest: books[name]?.newest ?? 0)
        }
        firstEnd = books.values.reduce(.distantFuture) { min($0, $1.until) }
    }

    private func judge(_ store: Command.Store, _ refusal: Refusal) -> String? {
        switch (store.content, refusal) {
        case (_, .unknownToken): nil
        case (.value(let value, _), .valueTooLong): value.count > 4_096 ? nil : "a short value was too long"
        case (.value(_, let span?), .badTerms): span <= .zero ? nil : "good terms were refused"
        default: "a store was refused: \(refusal)"
        }
    }

    private mutating func judge(
        _ store: Command.Store, _ outcome: StoreAnswer, _ isLive: Bool, _ effects: [Effect], _ table: LockTable
    ) -> String? {
        let book = books[store.name] ?? Book()
        let isOld = store.token.rawValue < book.newest
        switch outcome {
        case .stale:
            return isLive && !isOld ? "a live grant was refused as stale" : nil
        case .stored where isOld: return "S6: the register of \(store.name) accepted an older token"
        case .changed where isOld: return "S6: the register of \(store.name) answered an older token"
        case .changed(let view):
            return store.after != nil && store.after != book.revision && view.revision == book.revision
                ? nil : "a store was refused for a change that was not"
        case .stored(let view): return accept(store, view, book, effects, table)
        }
    }

    private mutating func accept(
        _ store: Command.Store, _ view: RegisterView, _ before: Book, _ effects: [Effect], _ table: LockTable
    ) -> String? {
        var book = before
        book.newest = max(book.newest, store.token.rawValue)
        let isRepeated: Bool
        switch store.content {
        case .unchanged: isRepeated = store.after == nil
        case .nothing: isRepeated = before.value == nil
        case .value(let value, _): isRepeated = before.value == value && before.writer == store.token
        }
        if !isRepeated, let after = store.after, after != before.revision { return "a store passed over a change" }
        if !isRepeated { write(store, view, table.logTime, &book) }
        books[store.name] = book
        firstEnd = min(firstEnd, book.until)
        let isTold = effects.contains {
            if case .registerChanged(let event) = $0 { event.name == store.name } else { false }
        }
        if book.value != before.value || book.revision != before.revision, !isTold {
            return "nobody was told of a change"
        }
        guard case .value = store.content, !isRepeated else { return nil }
        defer { highestRevision = max(highestRevision, view.revision) }
        return view.revision <= highestRevision ? "a revision did not rise" : nil
    }

    private func write(_ store: Command.Store, _ view: RegisterView, _ now: LogTime, _ book: inout Book) {
        switch store.content {
        case .unchanged: break
        case .nothing: book = Book(newest: book.newest)
        case .value(let value, let span):
            (book.value, book.writer, book.revision) = (value, store.token, view.revision)
            book.until = span.map { now + $0 } ?? .distantFuture
        }
    }

    private func booksProblem(_ table: LockTable) -> String? {
        for (name, book) in books {
            if let problem = bookProblem(name, book, table) { return problem }
        }
        return nil
    }

    private func bookProblem(_ name: LockName, _ book: Book, _ table: LockTable) -> String? {
        let view = table.register(of: name)
        guard view.value == book.value, view.writer == book.writer, view.revision == book.revision else {
            return "the register of \(name) holds \(view), and should hold \(book)"
        }
        if let token = view.token, token.rawValue != book.newest { return "the register of \(name) forgot a token" }
        return nil
    }
}
