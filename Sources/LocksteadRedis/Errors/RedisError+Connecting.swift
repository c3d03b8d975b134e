import Lockstead
import NIOCore
import NIOPosix
import NIOSSL
import RESP

/// A server was reached, and said nothing that we understand: perhaps one side speaks TLS and the other does not.
struct LoginSilence: Error, CustomStringConvertible {
    let cause: (any Error)?

    var description: String { cause.map { "\($0)" } ?? "no answer" }
}

/// What keeps a connection from being made.
extension RedisError {
    static func refusedLogin(_ error: RESPServerError) -> RedisError {
        var failure = RedisError(error, isScript: false)
        let text = error.text.lowercased()
        if failure.code == .refused, text.contains("auth") || text.contains("password") || text.contains("username") {
            failure.code = .authenticationFailed
            failure.message =
                "The server does not accept the log-in; look at user and password. (It says: \(error.text))"
        }
        return failure
    }

    static func connectTimedOut(_ endpoint: RedisEndpoint, after limit: Duration, tls: Bool) -> RedisError {
        let hint =
            tls
            ? "If the server speaks plain text there, use redis:// instead of rediss://."
            : "If the server speaks TLS there, use rediss:// instead of redis://."
        return RedisError(
            .unreachable, "\(endpoint) did not complete the log-in within \(limit). \(hint)", effect: .didNotHappen,
            cause: LoginSilence(cause: nil))
    }

    static func unreachable(_ endpoint: RedisEndpoint, _ cause: any Error) -> RedisError {
        RedisError(
            .unreachable, "\(endpoint) cannot be reached; is the server running there, and the address right?",
            effect: .didNotHappen, cause: cause)
    }

    static func plainTextToTLS(_ endpoint: RedisEndpoint) -> RedisError {
        RedisError(
            .tlsMismatch, "\(endpoint) speaks TLS and was spoken to in plain text; use rediss://.",
            effect: .didNotHappen)
    }

    static func tlsToPlainText(_ endpoint: RedisEndpoint, cause: (any Error)? = nil) -> RedisError {
        RedisError(
            .tlsMismatch, "\(endpoint) speaks plain text and was spoken to in TLS; use redis://.",
            effect: .didNotHappen, cause: cause)
    }

    static func closedAtLogin(_ endpoint: RedisEndpoint, tls: Bool, cause: (any Error)? = nil) -> RedisError {
        let hint = tls ? "its log tells why" : "if it speaks TLS there, use rediss://"
        return RedisError(
            .unreachable, "\(endpoint) closed the connection without a word; \(hint).", effect: .didNotHappen,
            cause: LoginSilence(cause: cause))
    }

    static func tlsFailed(_ endpoint: RedisEndpoint, _ cause: any Error) -> RedisError {
        RedisError(
            .tlsFailed,
            "The TLS handshake with \(endpoint) failed; look at the authorities trusted, the name in the certificate, "
                + "and whether the server asks for a certificate of ours.",
            effect: .didNotHappen, cause: cause)
    }

    /// What an error of the channel means while we log in.
    static func connecting(_ endpoint: RedisEndpoint, _ cause: any Error) -> RedisError {
        if let error = cause as? RedisError { return error }
        guard cause is NIOSSLError || cause is BoringSSLError || cause is NIOSSLExtraError else {
            return unreachable(endpoint, cause)
        }
        // What BoringSSL calls a wrong version number is an answer that is no TLS at all.
        let isPlainText = ["WRONG_VERSION_NUMBER", "HTTP_REQUEST"].contains { "\(cause)".contains($0) }
        return isPlainText ? tlsToPlainText(endpoint, cause: cause) : tlsFailed(endpoint, cause)
    }
}
