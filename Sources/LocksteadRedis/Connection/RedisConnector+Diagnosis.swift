import Lockstead
import NIOCore
import RESP

extension RedisConnector {
    private enum Step<Session: ChannelSession>: Sendable {
        case done(Result<OpenChannel<Session>, RedisError>)
        case otherWayIsAnswered(Bool)
    }

    /// A server that is silent for so long is spoken to the other way beside.
    private static var suspicion: TimeSpan { .seconds(1) }

    /// Connects and logs in.
    ///
    /// - Parameter session: Makes what the connection is used for; called on its event loop.
    /// - Returns: The connection, logged in.
    /// - Throws: `RedisError`, with the effect `didNotHappen`; where one side alone speaks TLS it says so before the time is over.
    func connect<Session: ChannelSession>(
        _ session: @escaping @Sendable () -> Session
    ) async throws(RedisError) -> OpenChannel<Session> {
        let (result, isOtherWay) = await withTaskGroup(of: Step<Session>.self) { group in
            group.addTask {
                do throws(RedisError) { return .done(.success(try await connectOnce(session))) } catch {
                    return .done(.failure(error))
                }
            }
            group.addTask {
                // Cancelled as soon as the attempt has ended.
                guard (try? await time.sleep(until: time.now + Self.suspicion)) != nil else {
                    return .otherWayIsAnswered(false)
                }
                return .otherWayIsAnswered(await otherWay.isAnswered())
            }
            return await first(of: &group)
        }
        if case .failure(let error) = result { throw isOtherWay ? mismatch(error) : await diagnosed(error) }
        return try result.get()
    }

    /// What the attempt came to, which is given up once the server has answered the other way.
    private func first<Session: ChannelSession>(
        of group: inout TaskGroup<Step<Session>>
    ) async -> (Result<OpenChannel<Session>, RedisError>, isOtherWay: Bool) {
        var isOtherWay = false
        for await step in group {
            switch step {
            case .done(let result):
                group.cancelAll()
                return (result, isOtherWay)
            case .otherWayIsAnswered(let answered):
                isOtherWay = answered
                if answered { group.cancelAll() }
            }
        }
        // Not reached: the attempt always ends.
        let isTLS = configuration.tls != nil
        return (.failure(.connectTimedOut(endpoint, after: configuration.timeouts.connect, tls: isTLS)), isOtherWay)
    }

    private func mismatch(_ failure: RedisError) -> RedisError {
        configuration.tls == nil ? .plainTextToTLS(endpoint) : .tlsToPlainText(endpoint, cause: failure.cause)
    }

    /// The failure, or the reason behind it: a server that does not answer in plain text is tried in TLS, and the other way round.
    ///
    /// Neither speaks up by itself: a Redis that expects TLS resets the connection, and one that does not waits for the rest of what it
    /// takes for a command.
    func diagnosed(_ failure: RedisError) async -> RedisError {
        guard failure.cause is LoginSilence, !Task.isCancelled, await otherWay.isAnswered() else { return failure }
        return mismatch(failure)
    }

    /// The same server spoken to the other way, without a word of what is secret.
    private var otherWay: RedisConnector {
        var other = configuration
        (other.user, other.password, other.clientName, other.database) = (nil, nil, nil, 0)
        other.protocolVersion = .resp3
        other.timeouts.connect = min(other.timeouts.connect, .seconds(1))
        if other.tls == nil {
            var tls = TLSSettings()
            tls.verification = .insecure
            other.tls = tls
        } else {
            other.tls = nil
        }
        return RedisConnector(endpoint: endpoint, configuration: other, time: time, group: group)
    }

    /// Whether the server answers at all: with a greeting, with an error, or with a complaint about our certificate.
    private func isAnswered() async -> Bool {
        do throws(RedisError) {
            let open = try await connectOnce { CommandSession(queue: CallQueue(limit: 1), time: time) }
            open.channel.close(promise: nil)
            return true
        } catch {
            return error.serverText != nil || error.code == .tlsFailed
        }
    }
}
