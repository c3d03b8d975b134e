import Foundation

extension EtcdCluster {
    /// The member that leads, as those say that can be asked.
    ///
    /// - Parameter range: Whom to ask; one that is held in its steps keeps whoever asks waiting.
    /// - Returns: Of several who believe to lead the newest; `nil` where nobody does.
    package func leader(seenBy range: PartialRangeFrom<Int> = 0...) -> EtcdServer? {
        members[range].compactMap { member -> (member: EtcdServer, standing: EtcdStanding)? in
            // One that does not answer does not lead.
            guard let standing = try? member.standing(), standing.leads else { return nil }
            return (member, standing)
        }
        .max { $0.standing.term < $1.standing.term }?.member
    }

    /// Waits until one of these members leads.
    @discardableResult
    package func awaitLeader(among range: PartialRangeFrom<Int>) async throws -> EtcdServer {
        for _ in 0..<300 {
            if let leader = leader(seenBy: range) { return leader }
            try await Task.sleep(for: .milliseconds(20))
        }
        throw ServerError("nobody took over")
    }

    /// Kills all but the first member, and waits until that one knows that nobody leads.
    package func killMajority() async throws {
        for member in members.dropFirst() { member.kill() }
        for _ in 0..<300 {
            // While it still waits for the others it may not answer.
            if let standing = try? members[0].standing(), standing.lacksLeader { return }
            try await Task.sleep(for: .milliseconds(20))
        }
        throw ServerError("the member that is left still sees a leader")
    }

    /// Has a member lead.
    package func letLead(_ member: EtcdServer) async throws {
        for _ in 0..<50 {
            let leader = leader()
            guard leader !== member else { return }
            // One that has just ceased to lead refuses, and another is asked.
            _ = try? leader?.control("move-leader", try member.standing().id)
            try await Task.sleep(for: .milliseconds(100))
        }
        throw ServerError("the member on port \(member.port) does not come to lead")
    }
}

/// What a member says of itself.
struct EtcdStanding: Sendable, Hashable {
    let id: String
    let leads: Bool
    /// The term of the cluster that it knows.
    let term: Int
    let lacksLeader: Bool

    /// Reads what `etcdctl endpoint status` says: endpoint, id, version, size, whether it leads, whether it learns, term, and more, at
    /// the end what troubles it.
    init?(_ line: String) {
        let words = line.trimmingCharacters(in: .whitespacesAndNewlines).components(separatedBy: ", ")
        guard words.count > 6, let term = Int(words[6]) else { return nil }
        (id, leads, self.term) = (words[1], words[4] == "true", term)
        lacksLeader = line.contains("no leader")
    }
}

extension EtcdServer {
    func standing() throws -> EtcdStanding {
        let line = try control("endpoint", "status", "--command-timeout", "1s", "--dial-timeout", "1s")
        guard let standing = EtcdStanding(line) else { throw ServerError("etcdctl endpoint status says \(line)") }
        return standing
    }
}
