package import Lockstead
import RESP

/// What a server says of itself, as far as it says it: managed servers hide much.
package struct ServerReport: Sendable, Hashable {
    /// Every `field:value` of `INFO`; empty where the server does not tell.
    package var fields: [String: String]
    /// Which server it is, where there are several.
    package var server: String?
    /// Why the server does not tell, where it does not.
    package var refusal: String?
    /// The server's wall clock minus ours, and how far that may be off; `nil` where the server does not tell.
    package var clock: (offset: Duration, uncertainty: Duration)? {
        clockOffset.map { ($0.offset, $0.uncertainty) }
    }
    private var clockOffset: ClockOffset?

    private struct ClockOffset: Sendable, Hashable {
        var offset: Duration
        var uncertainty: Duration
    }

    package init(info: String) { fields = Self.fields(of: info) }

    private static func fields(of info: String) -> [String: String] {
        var fields: [String: String] = [:]
        for line in info.split(whereSeparator: \.isNewline) where !line.hasPrefix("#") {
            let parts = line.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            if parts.count == 2 { fields[String(parts[0])] = String(parts[1]) }
        }
        return fields
    }

    package func number(_ field: String) -> Int64? { fields[field].flatMap { Int64($0) } }

    var isReplica: Bool { fields["role"].map { $0 != "master" } ?? false }

    /// `Redis 7.0.15`, `Valkey 8.1.1`, or `nil`.
    package var product: String? {
        if let valkey = fields["valkey_version"] { return "Valkey \(valkey)" }
        return fields["redis_version"].map { "Redis \($0)" }
    }

    /// The version that Redis' own clients go by, as numbers.
    package var version: [Int] { (fields["redis_version"] ?? "").split(separator: ".").compactMap { Int($0) } }
}

extension ServerReport {
    /// Asks a server.
    ///
    /// - Throws: `RedisError` where it cannot be asked at all; a server that refuses `INFO` gives an empty report.
    package static func ask(
        _ client: any RedisClient, time: any TimeSource, deadline: ContinuousTime
    ) async throws(RedisError) -> ServerReport {
        var report = ServerReport(info: "")
        do throws(RedisError) {
            report = ServerReport(info: try await client.send(RedisCommand("INFO"), deadline: deadline).text ?? "")
        } catch  where error.code == .permissionDenied || error.code == .refused {
            report.refusal = error.serverText ?? error.message
        }
        do throws(RedisError) {
            try await report.compareClocks(client, time, deadline)
        } catch  where error.code == .permissionDenied || error.code == .refused {
            // Told as unknown.
        }
        return report
    }

    /// Asks several servers, all at the same time.
    ///
    /// - Returns: One answer for each, in their order.
    package static func ask(
        all servers: [any RedisClient], time: any TimeSource, _ deadline: ContinuousTime
    ) async -> [Result<ServerReport, RedisError>] {
        await withTaskGroup(of: (Int, Result<ServerReport, RedisError>).self) { group in
            for (index, server) in servers.enumerated() {
                group.addTask { (index, await answer(of: server, time, deadline)) }
            }
            var answers: [Int: Result<ServerReport, RedisError>] = [:]
            for await (index, answer) in group { answers[index] = answer }
            return servers.indices.compactMap { answers[$0] }
        }
    }

    private static func answer(
        of server: any RedisClient, _ time: any TimeSource, _ deadline: ContinuousTime
    ) async -> Result<ServerReport, RedisError> {
        do throws(RedisError) {
            var report = try await ask(server, time: time, deadline: deadline)
            report.server = (server as? RedisNode)?.endpoint.description
            return .success(report)
        } catch {
            return .failure(error)
        }
    }

    private mutating func compareClocks(
        _ client: any RedisClient, _ time: any TimeSource, _ deadline: ContinuousTime
    ) async throws(RedisError) {
        let (start, wall) = (time.now, time.wallClockNanoseconds)
        let answer = try await client.send(RedisCommand("TIME"), deadline: deadline)
        let trip = start.duration(to: time.now)
        guard let parts = answer.elements, parts.count == 2, let seconds = parts[0].integer,
            let micros = parts[1].integer
        else { return }
        let server = Duration.seconds(seconds) + .microseconds(micros)
        clockOffset = ClockOffset(offset: server - .nanoseconds(wall) - trip / 2, uncertainty: trip / 2)
    }
}
