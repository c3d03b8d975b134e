import Lockstead

/// What is known of a cluster: its map, what redirections told since, and the connections.
struct ClusterState: Sendable {
    struct Member: Sendable {
        let member: ClusterMember
        var lastUsed: ContinuousTime
    }

    /// `nil` until a node has told it.
    private(set) var map: ClusterMap?
    /// The epoch of the map.
    private(set) var epoch: Int64 = -1
    /// Slots that nodes said have moved, since the map was read.
    private var moved: [Int: RedisEndpoint] = [:]
    private(set) var members: [RedisEndpoint: Member] = [:]
    /// Why there is no map.
    var failure: RedisError?
    var isOver = false
    /// Commands that nodes which are gone were sent.
    private(set) var writtenBefore = 0
    private var turn = 0

    /// Connections that nobody asked for are kept for so long.
    static let idleTime = Duration.seconds(10)

    /// Who serves a slot, as far as is known.
    func endpoint(of slot: ClusterSlot) -> RedisEndpoint? {
        moved[slot.number] ?? map?.primary(of: slot)?.endpoint
    }

    var primaries: [RedisEndpoint] { map?.primaries.map(\.endpoint) ?? [] }

    /// Some primary; each in turn.
    mutating func anyPrimary() -> RedisEndpoint? {
        let all = primaries
        guard !all.isEmpty else { return nil }
        turn = (turn + 1) % all.count
        return all[turn]
    }

    mutating func note(_ redirection: ClusterRedirection) { moved[redirection.slot.number] = redirection.endpoint }

    /// The connections to a node.
    ///
    /// - Returns: Them, and whether they are new and must be kept by somebody.
    mutating func member(
        at endpoint: RedisEndpoint, now: ContinuousTime, make: () -> RedisNode
    ) -> (member: ClusterMember, isNew: Bool) {
        if let known = members[endpoint] {
            members[endpoint]?.lastUsed = now
            return (known.member, false)
        }
        let member = ClusterMember(make())
        members[endpoint] = Member(member: member, lastUsed: now)
        return (member, true)
    }

    /// Takes a new map.
    ///
    /// - Returns: Who took over from whom, and the connections that are of no more use.
    mutating func take(
        _ new: ClusterMap, epoch: Int64, at now: ContinuousTime
    ) -> (takeovers: [String], retired: [ClusterMember]) {
        let old = map
        (map, self.epoch, moved, failure) = (new, epoch, [:], nil)
        let gone = old.map { new.retired(since: $0) } ?? []
        let idle = members.filter { !new.has($0.key) && $0.value.lastUsed.advanced(by: Self.idleTime) < now }
        return (old.map { new.takeovers(since: $0) } ?? [], remove(Set(gone).union(idle.keys)))
    }

    private mutating func remove(_ endpoints: Set<RedisEndpoint>) -> [ClusterMember] {
        endpoints.compactMap { endpoint in
            guard let member = members.removeValue(forKey: endpoint)?.member else { return nil }
            writtenBefore += member.node.commandsWritten
            return member
        }
    }
}
