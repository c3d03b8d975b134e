import Lockstead
import RESP

extension RedisBackend {
    /// What a hand-over gives a waiter to confirm it; as `CLAIM` in `Scripts/common.lua`.
    private static let claim = Duration.seconds(1)

    /// RULES 2, 20: a hand-over is held only from its confirmation on, whose transmission counts.
    ///
    /// Asked for where the hand-over is heard, on an event loop: waking the waiter to ask would cost each hand-over two more wake-ups
    /// of threads. The waiter is woken by the answer.
    func beginConfirming(_ ask: Ask, _ token: FencingToken) {
        guard let wake = ask.wake else { return }
        // Where an earlier look may still be on its way, the next one confirms: it leaves a mark that stops the other.
        // So it does where replicas are to be asked.
        guard !ask.lostAnAnswer.isSet, !asksReplicas else { return wake.signal.ring() }
        let sent = time.now
        // The ask that follows a failure has to fit into L5, too.
        let end = max(sent, ask.request.wait.deadline).advanced(by: Self.lastWord / 2)
        let call = renewCall([RenewalItem(ask.request, token, ask.keys)])
        client.begin(call, deadline: min(end, sent.advanced(by: Self.claim))) { answer in
            wake.hear(Wake.Confirmation(token: token, sent: sent, answer: answer))
        }
    }

    /// The grant of a hand-over that was confirmed.
    ///
    /// A lapsed claim is no reason to leave: the next ask brings back the old place (R32). Whatever else went wrong, that ask finds
    /// the claim if it is still there.
    func confirmed(_ ask: Ask) -> Grant? {
        guard let confirmation = ask.wake?.takeConfirmation(), !ask.lostAnAnswer.isSet, client.doubt == nil,
            case .success(let answer) = confirmation.answer, let word = answer.elements?.first?.text,
            let rest = Self.holdRest(ofRenewal: word)
        else { return nil }
        return grant(ask.request, confirmation.token, armedAt: confirmation.sent, holdRest: rest)
    }
}
