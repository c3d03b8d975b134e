import LockCore

extension LockChange {
    /// What a table's effect tells those who watch, one change per name.
    package static func changes(of effect: Effect) -> [LockChange] {
        switch effect {
        case .granted(let record): changes(.granted, record)
        case .downgraded(let record): changes(.downgraded, record)
        case .released(let event): [LockChange(.released, event)]
        case .expired(let event, _): [LockChange(.expired, event)]
        case .revoked(let event, _): [LockChange(.revoked, event)]
        case .queued(let event): changes(.queued, event)
        case .waitEnded(let event, _): changes(.waitEnded, event)
        case .registerChanged(let event): [LockChange(event)]
        case .deadlockFound, .sessionLost: []
        }
    }

    private static func changes(_ kind: Kind, _ record: GrantRecord) -> [LockChange] {
        record.names.map { name in
            LockChange(
                name: name, kind: kind, token: record.token, owner: record.owner, mode: record.mode,
                note: record.note)
        }
    }

    private static func changes(_ kind: Kind, _ event: WaiterEvent) -> [LockChange] {
        event.names.map { name in
            LockChange(name: name, kind: kind, token: nil, owner: event.owner, mode: event.mode, note: event.note)
        }
    }

    private init(_ event: RegisterEvent) {
        self.init(
            name: event.name, kind: .registerChanged, token: event.token,
            owner: event.holder?.owner ?? OwnerID(high: 0, low: 0), mode: event.holder?.mode ?? .exclusive,
            note: event.holder?.note ?? HolderNote())
    }

    private init(_ kind: Kind, _ event: HolderEvent) {
        self.init(
            name: event.name, kind: kind, token: event.token, owner: event.owner, mode: event.mode, note: event.note)
    }
}
