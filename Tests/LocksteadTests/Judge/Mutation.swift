import LocksteadTesting
import Testing

/// A story that could be true, and one change that makes it impossible.
struct Mutation: Sendable, CustomTestStringConvertible {
    let name: String
    let kind: Violation.Kind
    /// Tells the story; with `true`, with the change.
    let tell: @Sendable (inout Story, Bool) -> Void

    init(_ name: String, _ kind: Violation.Kind, _ tell: @escaping @Sendable (inout Story, Bool) -> Void) {
        (self.name, self.kind, self.tell) = (name, kind, tell)
    }

    var testDescription: String { name }

    func story(changed: Bool) -> Story {
        var story = Story()
        tell(&story, changed)
        return story
    }

    static let all = tokens + exclusion + endings + owners + queues + searches + sections + resources
}

extension Mutation {
    static let tokens = [
        Mutation("a token twice", .duplicateToken) { story, changed in
            let one = story.acquire(1, "k", at: 0, until: 1, token: 7)
            story.on(one, "release", at: 10, until: 11)
            story.acquire(2, "k", at: 12, until: 13, token: changed ? 7 : 8)
        },
        Mutation("tokens in the wrong order", .tokenOrder) { story, changed in
            let one = story.acquire(1, "k", at: 0, until: 1, token: changed ? 8 : 7)
            story.on(one, "release", at: 10, until: 11)
            let two = story.acquire(2, "k", at: 12, until: 13, token: changed ? 7 : 8)
            story.on(two, "release", at: 14, until: 15)
        },
        Mutation("a token that went back after an expiry", .tokenOrder) { story, changed in
            story.acquire(1, "k", at: 0, until: 1, token: 70)
            story.acquire(2, "k", at: 2, until: 5_000, token: changed ? 3 : 71)
        },
        Mutation("a hand-over that keeps its token", .duplicateToken) { story, changed in
            let one = story.acquire(1, "k", at: 0, until: 1, token: 7)
            _ = story.call(
                "hand_over", 2, ["k"], at: 5, until: 6, ["token": "7", "mode": "\"x\"", "ttl_ms": "5000"],
                answer: ["token": changed ? "7" : "8"])
            _ = one
        },
        Mutation("a repeated request with a second grant", .overlap) { story, changed in
            let one = story.acquire(1, "k", at: 0, until: 1, token: 7)
            story.calls[one].outcome = "info"
            story.calls[one].answer = [:]
            let two = story.acquire(2, "k", at: 2, until: 3, token: 8)
            story.calls[two].request = story.calls[one].request
            story.calls[two].was = 1
            let three = story.acquire(3, "k", at: 4, until: changed ? 5 : 60, token: 9)
            story.on(two, "release", at: 50, until: 51)
            _ = three
        },
    ]

    static let exclusion = [
        Mutation("two exclusive grants", .overlap) { story, changed in
            let one = story.acquire(1, "k", at: 0, until: 1, token: 7)
            story.acquire(2, "k", at: 2, until: changed ? 9 : 12, token: 8)
            story.on(one, "release", at: 10, until: 11)
        },
        Mutation("a holder whose renewal is confirmed after the next grant", .overlap) { story, changed in
            let one = story.acquire(1, "k", at: 0, until: 1, token: 7, lease: 100)
            story.on(one, "renew", at: changed ? 120 : 90, until: 121)
            story.acquire(2, "k", at: 2, until: changed ? 110 : 300, token: 8)
        },
        Mutation("a grant that cannot run out, passed over", .overlap) { story, changed in
            let one = story.acquire(1, "k", at: 0, until: 1, token: 7, lease: nil)
            if !changed { story.on(one, "release", at: 5, until: nil, outcome: "info") }
            story.acquire(2, "k", at: 10, until: 11, token: 8, lease: nil)
        },
        Mutation("the second of several names, held twice", .overlap) { story, changed in
            let one = story.acquire(1, "a", "b", at: 0, until: 1, token: 7)
            story.acquire(2, "b", at: 2, until: changed ? 9 : 12, token: 8)
            story.on(one, "release", at: 10, until: 11)
        },
        Mutation("a reader beside a writer", .readerBesideWriter) { story, changed in
            let one = story.acquire(1, "k", at: 0, until: 1, token: 7)
            story.acquire(2, "k", at: 2, until: changed ? 3 : 12, token: 8, mode: "s")
            story.on(one, "release", at: 10, until: 11)
        },
        Mutation("a writer beside a reader", .readerBesideWriter) { story, changed in
            let one = story.acquire(1, "k", at: 0, until: 1, token: 7, mode: "s")
            let two = story.acquire(2, "k", at: 0, until: 2, token: 8, mode: "s")
            story.on(two, "release", at: 3, until: 4)
            story.acquire(3, "k", at: 5, until: changed ? 6 : 12, token: 9)
            story.on(one, "release", at: 10, until: 11)
        },
        Mutation("a reader before the downgrade", .readerBesideWriter) { story, changed in
            let one = story.acquire(1, "k", at: 0, until: 1, token: 7)
            story.on(one, "downgrade", at: 10, until: 11)
            story.acquire(2, "k", at: 2, until: changed ? 9 : 12, token: 8, mode: "s")
            story.on(one, "release", at: 20, until: 21)
        },
        Mutation("a writer after the downgrade, before the release", .readerBesideWriter) { story, changed in
            let one = story.acquire(1, "k", at: 0, until: 1, token: 7)
            story.on(one, "downgrade", at: 10, until: 11)
            let two = story.acquire(2, "k", at: 12, until: 13, token: 8, mode: "s")
            story.acquire(3, "k", at: 14, until: changed ? 19 : 26, token: 9)
            story.on(one, "release", at: 15, until: 16)
            story.on(two, "release", at: 20, until: 25)
        },
        Mutation("one permit too many", .tooManyPermits) { story, changed in
            let first = story.permits(1, "s", 1, of: 2, at: 0, until: 1, token: 1)
            story.permits(2, "s", 1, of: 2, at: 0, until: 2, token: 2)
            story.permits(3, "s", 1, of: 2, at: 3, until: changed ? 4 : 12, token: 3)
            story.on(first, "release", at: 10, until: 11)
        },
        Mutation("a request for many permits that does not fit", .tooManyPermits) { story, changed in
            let first = story.permits(1, "s", 2, of: 4, at: 0, until: 1, token: 1)
            let second = story.permits(2, "s", 1, of: 4, at: 0, until: 2, token: 2)
            story.on(second, "release", at: 5, until: 6)
            story.permits(3, "s", 3, of: 4, at: 3, until: changed ? 7 : 12, token: 3)
            story.on(first, "release", at: 10, until: 11)
        },
        Mutation("a semaphore beside a lock", .kindMismatch) { story, changed in
            let one = story.acquire(1, "k", at: 0, until: 1, token: 7)
            story.permits(2, "k", 1, of: 2, at: 2, until: changed ? 3 : 12, token: 8)
            story.on(one, "release", at: 10, until: 11)
        },
        Mutation("a semaphore of another size", .kindMismatch) { story, changed in
            let one = story.permits(1, "k", 1, of: 2, at: 0, until: 1, token: 7)
            story.permits(2, "k", 1, of: 3, at: 2, until: changed ? 3 : 12, token: 8)
            story.on(one, "release", at: 10, until: 11)
        },
    ]

    static let endings = [
        Mutation("a lease that ended too early", .earlyExpiry) { story, changed in
            story.acquire(1, "k", at: 0, until: 1, token: 7)
            story.acquire(2, "k", at: 100, until: changed ? 4_890 : 4_905, token: 8)
        },
        Mutation("a renewed lease that ended too early", .earlyExpiry) { story, changed in
            let one = story.acquire(1, "k", at: 0, until: 1, token: 7)
            story.on(one, "renew", at: 2_000, until: 2_001)
            story.acquire(2, "k", at: 100, until: changed ? 5_100 : 6_910, token: 8)
        },
        Mutation("a reader's lease that ended too early", .earlyExpiry) { story, changed in
            story.acquire(1, "k", at: 0, until: 1, token: 7, mode: "s")
            story.acquire(2, "k", at: 100, until: changed ? 4_890 : 4_905, token: 8)
        },
        Mutation("a renewal that is told of a loss too early", .earlyExpiry) { story, changed in
            let one = story.acquire(1, "k", at: 0, until: 1, token: 7)
            story.on(one, "renew", at: 2_000, until: changed ? 2_001 : 4_910, outcome: "fail", reason: "lost: expired")
        },
        Mutation("a release that is told of a loss too early", .earlyExpiry) { story, changed in
            let one = story.acquire(1, "k", at: 0, until: 1, token: 7)
            story.on(one, "renew", at: 2_000, until: 2_001)
            story.on(
                one, "release", at: 3_000, until: changed ? 5_000 : 6_910, outcome: "fail", reason: "lost: superseded")
        },
        Mutation("a cap on the hold that came too early", .earlyExpiry) { story, changed in
            story.acquire(1, "k", at: 0, until: 1, token: 7, lease: nil, ["max_ms": "1000"])
            story.acquire(2, "k", at: 100, until: changed ? 970 : 985, token: 8, lease: nil)
        },
        Mutation("a forced release that did not wait for its holder", .earlyExpiry) { story, changed in
            let one = story.acquire(1, "k", at: 0, until: 1, token: 7)
            _ = story.call("force_release", 9, ["k"], at: 10, until: 11, ["now": changed ? "false" : "true"])
            story.acquire(2, "k", at: 20, until: 21, token: 8)
            _ = one
        },
        Mutation("a dead holder's lock that came late", .lateExpiry) { story, changed in
            story.acquire(1, "k", at: 0, until: 1, token: 7)
            story.acquire(2, "k", at: 100, until: changed ? 6_200 : 5_060, token: 8)
        },
        Mutation("a lock-delay that was skipped after an expiry", .lockDelay) { story, changed in
            story.acquire(1, "k", at: 0, until: 1, token: 7, ["delay_ms": "1000"])
            story.acquire(2, "k", at: 100, until: changed ? 5_500 : 5_890, token: 8)
        },
        Mutation("a lock-delay that was skipped after a revocation", .lockDelay) { story, changed in
            let one = story.acquire(1, "k", at: 0, until: 1, token: 7, ["delay_ms": "1000"])
            _ = story.call("force_release", 9, ["k"], at: 10, until: 11, ["now": "false"])
            story.on(one, "release", at: 20, until: 21)
            story.acquire(2, "k", at: 30, until: changed ? 900 : 1_010, token: 8)
        },
        Mutation("a minimum hold that was cut short", .minimumHold) { story, changed in
            let one = story.acquire(1, "k", at: 0, until: 1, token: 7, ["min_ms": "1000"])
            story.on(one, "release", at: 20, until: 21)
            story.acquire(2, "k", at: 30, until: changed ? 900 : 990, token: 8)
        },
    ]
}
