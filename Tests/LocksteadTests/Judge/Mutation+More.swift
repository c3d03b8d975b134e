import LocksteadTesting

extension Mutation {
    static let owners = [
        Mutation("a release by another", .foreignOwner) { story, changed in
            let one = story.acquire(1, "k", at: 0, until: 1, token: 7)
            story.on(one, "release", at: 10, until: 11, by: changed ? 2 : 1)
        },
        Mutation("a renewal by another", .foreignOwner) { story, changed in
            let one = story.acquire(1, "k", at: 0, until: 1, token: 7)
            story.on(one, "renew", at: 10, until: 11, by: changed ? 2 : 1)
        },
        Mutation("a downgrade by another", .foreignOwner) { story, changed in
            let one = story.acquire(1, "k", at: 0, until: 1, token: 7)
            story.on(one, "downgrade", at: 10, until: 11, by: changed ? 2 : 1)
        },
        Mutation("a release by a process that only seems to follow the holder", .foreignOwner) { story, changed in
            let one = story.acquire(1, "k", at: 0, until: 1, token: 7)
            story.on(one, "renew", at: 10, until: 11, outcome: "info")
            let two = story.on(one, "release", at: 20, until: 21, by: 2)
            story.calls[two].was = changed ? nil : 1
        },
        Mutation("a release of a token that nobody has", .unknownToken) { story, changed in
            let one = story.acquire(1, "k", at: 0, until: 1, token: 7)
            let two = story.on(one, "release", at: 10, until: 11)
            if changed { story.calls[two].fields["token"] = "6" }
        },
        Mutation("a renewal after the release", .afterRelease) { story, changed in
            let one = story.acquire(1, "k", at: 0, until: 1, token: 7)
            story.on(one, "release", at: 10, until: 11)
            story.on(one, "renew", at: changed ? 12 : 9, until: 13)
        },
        Mutation("a release that is confirmed twice", .releasedTwice) { story, changed in
            let one = story.acquire(1, "k", at: 0, until: 1, token: 7)
            story.on(one, "release", at: 10, until: 11)
            story.on(one, "release", at: 12, until: 13, outcome: changed ? "ok" : "fail", reason: "lost: superseded")
        },
    ]

    static let queues = [
        Mutation("a later request that is served first", .queueOrder) { story, changed in
            let zero = story.acquire(9, "k", at: 0, until: 1, token: 6)
            let one = story.acquire(1, "k", at: 10, until: changed ? 60 : 41, token: changed ? 8 : 7)
            story.calls[one].queued = 15
            let two = story.acquire(2, "k", at: 20, until: changed ? 41 : 60, token: changed ? 7 : 8)
            story.on(zero, "release", at: 40, until: 41)
            story.on(changed ? two : one, "release", at: 50, until: 51)
        },
        Mutation("a reader that passes a waiting writer", .queueOrder) { story, changed in
            let zero = story.acquire(9, "k", at: 0, until: 1, token: 6, mode: "s")
            let writer = story.acquire(1, "k", at: 10, until: 60, token: changed ? 8 : 7)
            story.calls[writer].queued = 15
            let reader = story.acquire(2, "k", at: 20, until: changed ? 30 : 80, token: changed ? 7 : 8, mode: "s")
            story.on(zero, "release", at: 40, until: 41)
            story.on(changed ? reader : writer, "release", at: changed ? 45 : 70, until: changed ? 46 : 71)
        },
        Mutation("a request that starves while later ones are served", .queueOrder) { story, changed in
            let zero = story.acquire(9, "k", at: 0, until: 1, token: 6)
            let one = story.acquire(1, "k", at: 10, until: 1_010, token: nil, ["wait_ms": "1000"])
            (story.calls[one].queued, story.calls[one].outcome) = (15, "fail")
            story.on(zero, "release", at: changed ? 40 : 995, until: changed ? 41 : 996)
            story.acquire(2, "k", at: 20, until: changed ? 42 : 1_020, token: 7)
        },
        Mutation("a small request for permits that passes a large one", .queueOrder) { story, changed in
            let zero = story.permits(9, "s", 2, of: 4, at: 0, until: 1, token: 6)
            let large = story.permits(1, "s", 3, of: 4, at: 10, until: 60, token: changed ? 8 : 7)
            story.calls[large].queued = 15
            story.permits(2, "s", 1, of: 4, at: 20, until: changed ? 30 : 70, token: changed ? 7 : 8)
            story.on(zero, "release", at: 40, until: 41)
        },
    ]

    static let searches = [
        Mutation("without tokens: two exclusive grants", .notLinearizable) { story, changed in
            let one = story.acquire(1, "k", at: 0, until: 1, token: nil)
            story.acquire(2, "k", at: 2, until: changed ? 9 : 12, token: nil)
            story.on(one, "release", at: 10, until: 11)
        },
        Mutation("without tokens: a reader beside a writer", .notLinearizable) { story, changed in
            let one = story.acquire(1, "k", at: 0, until: 1, token: nil)
            story.acquire(2, "k", at: 2, until: changed ? 3 : 12, token: nil, mode: "s")
            story.on(one, "release", at: 10, until: 11)
        },
        Mutation("without tokens: one permit too many", .notLinearizable) { story, changed in
            let first = story.permits(1, "s", 1, of: 2, at: 0, until: 1, token: nil)
            story.permits(2, "s", 1, of: 2, at: 0, until: 2, token: nil)
            story.permits(3, "s", 1, of: 2, at: 3, until: changed ? 4 : 12, token: nil)
            story.on(first, "release", at: 10, until: 11)
        },
        Mutation("without tokens: a lease that ended too early", .notLinearizable) { story, changed in
            story.acquire(1, "k", at: 0, until: 1, token: nil)
            story.acquire(2, "k", at: 100, until: changed ? 4_890 : 4_905, token: nil)
        },
        Mutation("without tokens: a renewal after the next grant", .notLinearizable) { story, changed in
            let one = story.acquire(1, "k", at: 0, until: 1, token: nil, lease: 100)
            story.acquire(2, "k", at: 2, until: changed ? 110 : 300, token: nil, lease: 100)
            story.on(one, "renew", at: changed ? 120 : 90, until: changed ? 121 : 91)
        },
        Mutation("without tokens: a release that is confirmed twice", .notLinearizable) { story, changed in
            let one = story.acquire(1, "k", at: 0, until: 1, token: nil)
            story.on(one, "release", at: 10, until: 11)
            story.on(one, "release", at: 12, until: 13, outcome: changed ? "ok" : "fail", reason: "lost: superseded")
        },
        Mutation("without tokens: a release by another", .foreignOwner) { story, changed in
            let one = story.acquire(1, "k", at: 0, until: 1, token: nil)
            story.on(one, "release", at: 10, until: 11, by: changed ? 2 : 1)
        },
    ]

    static let sections = [
        Mutation("a client that believes for too long", .beliefOverlap) { story, changed in
            story.acquire(1, "k", at: 0, until: 1, token: 7)
            story.section(1, "k", token: 7, from: 2, to: 6_000, validUntil: changed ? 5_100 : 4_890)
            story.acquire(2, "k", at: 100, until: 5_000, token: 8)
            story.section(2, "k", token: 8, from: 5_001, to: 5_300, validUntil: 9_000)
        },
        Mutation("an engine that let two in", .serverOverlap) { story, changed in
            let one = story.acquire(1, "k", at: 0, until: 1, token: 7)
            story.section(1, "k", token: 7, from: 2, to: changed ? 60 : 40, validUntil: 4_890)
            if !changed { story.on(one, "release", at: 41, until: 42) }
            story.acquire(2, "k", at: 20, until: 50, token: 8)
            story.section(2, "k", token: 8, from: 51, to: 70, validUntil: 4_900)
        },
        Mutation("one more inside than there are permits", .serverOverlap) { story, changed in
            let one = story.permits(1, "s", 1, of: 1, at: 0, until: 1, token: 7)
            story.section(1, "s", token: 7, from: 2, to: changed ? 60 : 40, validUntil: 4_890)
            if !changed { story.on(one, "release", at: 41, until: 42) }
            story.permits(2, "s", 1, of: 1, at: 20, until: 50, token: 8)
            story.section(2, "s", token: 8, from: 51, to: 70, validUntil: 4_900)
        },
    ]

    static let resources = [
        Mutation("a stale write that is accepted", .staleAccess) { story, changed in
            story.access("write", 2, "k", token: 8, at: 10)
            story.access("write", 1, "k", token: 7, at: 11, accepted: changed)
        },
        Mutation("a stale write that is accepted after a read by the next holder", .staleAccess) { story, changed in
            story.access("read", 2, "k", token: 8, at: 10)
            story.access("write", 1, "k", token: 7, at: 11, accepted: changed)
        },
        Mutation("a stale read that is served", .staleAccess) { story, changed in
            story.access("write", 2, "k", token: 8, at: 10)
            story.access("read", 1, "k", token: 7, at: 11, accepted: changed)
        },
        Mutation("a lost update", .lostUpdate) { story, changed in
            story.access("write", 1, "k", token: 7, at: 10, value: 1)
            story.access("write", 2, "k", token: 8, at: 11, value: 2)
            story.final("k", at: 20, changed ? [2] : [1, 2])
        },
        Mutation("a refused update that is there", .refusedWriteFound) { story, changed in
            story.access("write", 2, "k", token: 8, at: 10, value: 2)
            story.access("write", 1, "k", token: 7, at: 11, accepted: false, value: 1)
            story.final("k", at: 20, changed ? [1, 2] : [2])
        },
    ]
}
