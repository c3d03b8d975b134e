import LockCore

// What engines that live by a `LockTable` share.

extension Register {
    /// A table's view of a register as the public sees it.
    package init(_ view: RegisterView, at now: LogTime) {
        self.init(
            value: view.value, token: view.token, writer: view.writer, revision: view.revision,
            remaining: view.until.map { max(.zero, $0 - now).duration })
    }
}

extension RegisterWrite {
    /// The write as a table takes it.
    package var command: Command {
        .store(Command.Store(name: name, token: token, content: content.ofTable, after: after))
    }
}

extension RegisterWrite.Content {
    fileprivate var ofTable: RegisterContent {
        switch self {
        case .value(let value, let span): .value(value, keptFor: span.map(TimeSpan.init))
        case .nothing: .nothing
        case .unchanged: .unchanged
        }
    }
}

extension RegisterOutcome {
    /// What a table answered to ``RegisterWrite/command``.
    ///
    /// - Throws: `LockError` for what the table refused.
    package init(_ answer: Answer, at now: LogTime) throws(LockError) {
        switch answer {
        case .register(.stored(let view)): self = .stored(Register(view, at: now))
        case .register(.changed(let view)): self = .changed(Register(view, at: now))
        case .register(.stale(let newest)): self = .stale(newest: newest)
        case .refused(let refusal): throw LockError(refusal)
        case .done, .session, .granted, .queued, .busy, .released, .notHeld, .downgraded, .handOverRefused, .valid,
            .revoked:
            preconditionFailure("the table answered a store with \(answer)")
        }
    }
}
