import Lockstead
import NIOCore
import RESP

extension RedisConnector {
    /// The failure, or the reason behind it: a server that does not answer in plain text is tried in TLS, and the other way round.
    ///
    /// Neither speaks up by itself: a Redis that expects TLS resets the connection, and one that does not waits for the rest of what it
    /// takes for a command.
    func diagnosed(_ failure: RedisError) async -> RedisError {
        guard failure.cause is LoginSilence, !Task.isCancelled, await otherWay.isAnswered() else { return failure }
        return configuration.tls == nil ? .plainTextToTLS(endpoint) : .tlsToPlainText(endpoint, cause: failure.cause)
    }

    /// The same server spoken to the other way, without a word of what is secret.
    private var otherWay: RedisConnector {
        var other = configuration
        (other.user, other.password, other.clientName, other.database) = (nil, nil, nil, 0)
        other.protocolVersion = .resp3
        other.timeouts.connect = min(other.timeouts.connect, .seconds(1))
        if other.tls == nil {
            var tls = RedisTLS()
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
