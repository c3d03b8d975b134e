import Lockstead
import Logging

extension RedisBackend {
    /// Hears what is told to this client, and takes every gap for a chance that something was missed.
    func listen() -> RedisHearing {
        let isSubscribedAgain = OnceFlag()
        return client.hear(.channel(channel)) { [weak self] event in
            switch event {
            case .subscribed?:
                if !isSubscribedAgain.set() { self?.verdict.forget() }
                // A release before this moment found nobody listening (R28), and so did a revocation.
                self?.wakes.ringAll()
                self?.life.tell(.unheard(nil))
            case .interrupted?:
                self?.life.tell(.suspect(nil, "the connection to the server was lost"))
                self?.wakes.ringAll()
            case .message(let message)?: self?.hear(message.payload)
            case .refused(let error)?: self?.isDeaf(error)
            case nil: return
            }
        }
    }

    func isDeaf(_ error: RedisError) {
        logger.error(
            "Waiters of this client are told nothing and look once a second: the channel was refused",
            metadata: ["channel": "\(channel)", "error": "\(error)"])
    }

    func hear(_ payload: [UInt8]) {
        switch WakeMessage(payload) {
        case .granted(let request, let token):
            for ask in wakes.asks(of: request) { beginConfirming(ask, token) }
        case .look(let request): wakes.ring(request)
        case .revoked(let request, let reason): life.tell(.lost(request, .revoked(reason)))
        // From a newer version, or from somebody who plays with us.
        case nil: logger.debug("A message on the own channel makes no sense", metadata: ["channel": "\(channel)"])
        }
    }

    /// Tells the holders whose cap on the total hold is reached; the server ends their grants by itself.
    func endHoldsAtTheirLimits() async {
        while !Task.isCancelled {
            let (reached, next) = life.limitsReached(at: time.now)
            for request in reached { life.tell(.lost(request, .holdLimit)) }
            // Ended by its cancellation, as the loop.
            _ = try? await life.limitsChanged.sleep(until: next, on: time)
        }
    }
}
