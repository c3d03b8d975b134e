import Lockstead
import RESP

extension RedisBackend {
    /// Whenever other servers took over, or may have, every grant is in doubt until it is confirmed anew, and every waiter asks again.
    func followUpheavals() async {
        for await reason in client.upheavals {
            verdict.forget()
            life.tell(.suspect(nil, reason))
            wakes.ringAll()
        }
    }

    /// Why nothing that the server says counts at the moment; `nil` where it does.
    ///
    /// A primary that is cut off with us confirms whatever we ask for, while others are served by the next one.
    func unconfirmed(_ effect: LockError.Effect) -> RedisError? {
        client.doubt.map { doubt in
            RedisError(
                .unconfirmed, "The server's word does not count at the moment: \(doubt).", effect: effect)
        }
    }
}

extension RedisError {
    static let notConfirmedYet = RedisError(
        .unconfirmed, "No majority of the sentinels has confirmed the primary since the renewal was sent.",
        effect: .mayHaveHappened)
}
