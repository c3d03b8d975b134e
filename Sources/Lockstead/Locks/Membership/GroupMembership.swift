public import LockCore

/// A group: who is a member now, told to all, and forgotten when it dies.
///
/// A member holds the exclusive lock `group/id` and renews it; so no two members have the same id, and one that died is gone after its lease at the
/// latest. Needs an engine that lists locks and tells changes. Keep other locks out of the names directly under the group's: they would be taken
/// for members.
public struct GroupMembership: Sendable {
    /// The most members that are listed.
    public static let mostMembers = 10_000

    let client: LockClient
    /// The name of the group.
    public let name: LockName

    /// A member, as others see it.
    public struct Member: Sendable, Hashable, Identifiable {
        /// Its id in the group.
        public var id: String
        /// What it says of itself, such as an address.
        public var payload: String
        /// The fencing token of its membership; a member that left and joined again has a higher one.
        public var token: FencingToken
        /// The host it runs on, and its process id there.
        public var note: HolderNote

        /// Puts a member together.
        public init(id: String, payload: String, token: FencingToken, note: HolderNote) {
            (self.id, self.payload, self.token, self.note) = (id, payload, token, note)
        }
    }

    /// Who is a member now, in byte order of their ids.
    ///
    /// Returns within the client's `callDeadline`. Each member was one at some moment of the call.
    ///
    /// - Returns: The members.
    /// - Throws: `LockError`: `unsupported`, `limitExceeded` where there are more than ``mostMembers``, `notRunning`, or a failure of the engine.
    public func members() async throws -> [Member] {
        try demandViews()
        var book = HolderBook()
        book.read(try await read(until: client.operationDeadline()))
        return Self.members(of: book, under: name)
    }

    /// Who is a member, now and from now on: all members each time, in byte order of their ids.
    ///
    /// Begins with the present members. A reader that falls behind gets the newest only. Whatever the engine's watch loses is seen after little
    /// more than a second. An engine that is out of reach for a while makes the stream fall silent, not end. Ends when the client stops. On the file
    /// engine each second costs a look at every lock in the folder.
    ///
    /// - Returns: A stream of its own for each call; it stops following once nobody reads it any more.
    /// - Throws: `LockError`: `unsupported`, `notRunning`.
    public func observe() async throws -> AsyncThrowingStream<[Member], any Error> {
        try demandViews()
        let follower = HolderFollower(
            client: client, prefix: prefix, concerns: { [self] in id(in: $0) != nil },
            read: { [self] deadline throws(LockError) in try await read(until: deadline) })
        return try await client.follow(follower, keeping: 1) { [name] in Self.members(of: $0, under: name) }
    }

    func demandViews() throws(LockError) {
        try client.capabilities.demand(.list, "listing locks")
        try client.capabilities.demand(.changes, "watching locks")
    }

    private func read(until deadline: ContinuousTime) async throws(LockError) -> [LockDescription] {
        let most = Self.mostMembers
        let locks = try await client.backend.list(prefix: prefix, limit: most + 1, deadline: deadline)
        guard locks.count <= most else {
            throw LockError(
                .limitExceeded, "The group \"\(name)\" has more than \(most) members. Divide it.", effect: .didNotHappen
            )
        }
        return locks.filter { id(in: $0.name) != nil }
    }

    private static func members(of book: HolderBook, under group: LockName) -> [Member] {
        book.holders.map { name, holder in
            Member(
                id: String(decoding: name.text.utf8.dropFirst(group.text.utf8.count + 1), as: UTF8.self),
                payload: holder.note.purpose, token: holder.token, note: holder.note)
        }
    }
}

// MARK: Names

extension GroupMembership {
    private var prefix: String { name.text + "/" }

    /// The member that a lock stands for, if it stands for one.
    private func id(in lock: LockName) -> Substring.UTF8View? {
        guard lock.text.utf8.starts(with: prefix.utf8) else { return nil }
        let id = lock.text.utf8.dropFirst(prefix.utf8.count)
        return id.contains(UInt8(ascii: "/")) ? nil : id
    }

    func lock(of id: String) throws(LockError) -> LockName {
        guard !id.utf8.contains(UInt8(ascii: "/")) else {
            throw .invalid("The member id \"\(id)\" has a \"/\"; an id is one segment of a name.")
        }
        return try LockName(prefix + id)
    }
}

extension LockClient {
    /// A group of members that know of each other.
    ///
    /// - Parameter group: The name of the group; its members' locks lie under it.
    /// - Returns: The group; nothing is sent yet.
    /// - Throws: `LockError` with `invalidName`.
    public func membership(_ group: some LockNaming) throws(LockError) -> GroupMembership {
        GroupMembership(client: self, name: try group.lockName())
    }
}
