import Lockstead

extension ConformanceSuite {
    static let barrierCases: [ConformanceCase] = [
        ConformanceCase(
            "barrier/gate", "A closed gate holds all back, in every client, and an open one nobody",
            covers: ["L3"], kinds: [.barrier], needs: [.registers, .changes]
        ) { context in
            try await context.withTwoClients { one, two in
                let (here, there) = (try one.barrier("g"), try two.barrier("g"))
                try await there.wait(waitingAtMost: .zero)
                try await here.close()
                try context.check(try await there.isClosed(), "the gate is not closed for others")
                try await context.expect(.timedOut) { try await there.wait(waitingAtMost: context.shortWait) }
                let opened = Fact()
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for _ in 0..<3 {
                        group.addTask {
                            try await there.wait(waitingAtMost: .seconds(20))
                            try context.check(opened.isTrue, "one went through a closed gate")
                        }
                    }
                    opened.set()
                    try await here.open()
                    try await group.waitForAll()
                }
                try await here.open()
                try context.check(!(try await here.isClosed()), "an open gate is closed")
            }
        },
        ConformanceCase(
            "barrier/for-a-time", "A gate that was closed for a time opens by itself",
            covers: ["L3"], kinds: [.barrier], needs: [.registers, .changes]
        ) { context in
            try await context.withClient { client in
                let gate = try client.barrier("g")
                let start = context.now
                try await gate.close(keptFor: .milliseconds(300))
                try await gate.wait(waitingAtMost: .seconds(20))
                let waited = start.duration(to: context.now)
                try context.check(waited >= .milliseconds(290), "it opened after \(waited)")
                try context.check(waited <= .milliseconds(1_300) + context.slack, "it opened after \(waited)")
            }
        },
        ConformanceCase(
            "barrier/cancelled", "A wait at a gate that is cancelled ends; the gate stays closed",
            covers: ["L5"], kinds: [.barrier], needs: [.registers, .changes]
        ) { context in
            try await context.withClient { client in
                let gate = try client.barrier("g")
                try await gate.close()
                try await context.expectCancelled { try await gate.wait() }
                try context.check(try await gate.isClosed(), "the gate is open")
            }
        },
        ConformanceCase(
            "barrier/paused",
            "Who is paused while it opens or closes cannot do so after another has: its token is old",
            covers: ["S6", "L1"], kinds: [.barrier], needs: [.registers, .changes, .betweenProcesses]
        ) { context in
            try await context.withBackend { backend in
                try await context.withClient { client in
                    let gate = try client.barrier("g")
                    let holder = try await context.store.spawnHolder(of: try LockName("g"), lease: context.lease)
                    try await holder.pause()
                    try await gate.close()
                    try await holder.resume()
                    let late = RegisterWrite(.nothing, in: try LockName("g"), under: holder.token)
                    guard case .stale = try await backend.store(late, deadline: context.soon) else {
                        throw ConformanceFailure("a late opening was accepted", Place())
                    }
                    try context.check(try await gate.isClosed(), "a late opening opened the gate")
                }
            }
        },
        ConformanceCase(
            "double-barrier/together", "No party goes on before all are in, and none is done before all have left",
            covers: ["L3"], kinds: [.doubleBarrier], needs: [.registers, .changes, .permits, .inspect]
        ) { context in
            try await context.withTwoClients { one, two in
                let (inside, left) = (Tally(), Tally())
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for party in 0..<6 {
                        let barrier = try (party % 2 == 0 ? one : two).doubleBarrier("d", parties: 3)
                        group.addTask {
                            inside.count()
                            let place = try await barrier.enter(waitingAtMost: .seconds(30))
                            try context.check(inside.total >= 3, "one went on with \(inside.total) there")
                            left.count()
                            try await place.leave(waitingAtMost: .seconds(30))
                            try context.check(left.total >= 3, "one was done with \(left.total) leaving")
                        }
                    }
                    try await group.waitForAll()
                }
                try context.check(left.total == 6, "\(left.total) of 6 left")
            }
        },
        ConformanceCase(
            "double-barrier/cancelled", "A party that gives up before all are in gives its place back",
            covers: ["L5"], kinds: [.doubleBarrier], needs: [.registers, .changes, .permits, .inspect]
        ) { context in
            try await context.withClient { client in
                let barrier = try client.doubleBarrier("d", parties: 2)
                try await context.expectCancelled { _ = try await barrier.enter() }
                try await context.expect(.timedOut) { try await barrier.enter(waitingAtMost: context.shortWait) }
                async let entering = barrier.enter(waitingAtMost: .seconds(20))
                let second = try await barrier.enter(waitingAtMost: .seconds(20))
                let first = try await entering
                async let leaving: Void = first.leave(waitingAtMost: .seconds(20))
                try await second.leave(waitingAtMost: .seconds(20))
                try await leaving
            }
        },
        ConformanceCase(
            "double-barrier/dead-party",
            "A dead party is missed for its lease at most, before all are in and after",
            covers: ["L1"], kinds: [.doubleBarrier],
            needs: [.registers, .changes, .permits, .inspect, .betweenProcesses]
        ) { context in
            try await context.withBackend { backend in
                try await context.withClient { client in
                    let barrier = try client.doubleBarrier("d", parties: 2)
                    let request = try context.request("d", mode: .permits(count: 1, limit: 2), wait: .never)
                    // Never renewed: it dies as soon as it is in.
                    let dead = try await context.grant(request, on: backend)
                    let start = context.now
                    let first = try await barrier.enter(waitingAtMost: .seconds(30))
                    try context.check(first.lease.token > dead.token, "the dead party came in later")
                    try await first.leave(waitingAtMost: .seconds(30))
                    let waited = start.duration(to: context.now)
                    let longest = context.lease / 0.99 + .seconds(2) + context.slack
                    try context.check(waited <= longest, "the dead party was missed for \(waited)")
                }
            }
        },
    ]
}
