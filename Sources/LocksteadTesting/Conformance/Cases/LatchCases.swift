import Lockstead

extension ConformanceSuite {
    static let latchCases: [ConformanceCase] = [
        ConformanceCase(
            "latch/opens", "A latch opens for all who wait, in every client, with its last count-down and not before",
            covers: ["S6", "L3"], kinds: [.latch], needs: [.registers, .changes]
        ) { context in
            try await context.withTwoClients { one, two in
                let (here, there) = (try one.latch("l", count: 3), try two.latch("l", count: 3))
                let opened = Fact()
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for latch in [here, there] {
                        group.addTask {
                            try await latch.wait(waitingAtMost: .seconds(20))
                            try context.check(opened.isTrue, "a wait was over before the last count-down")
                        }
                    }
                    for (latch, left) in [(here, 2), (there, 1)] {
                        let count = try await latch.countDown()
                        try context.check(count == left, "\(count) are left, not \(left)")
                    }
                    opened.set()
                    try await here.countDown()
                    try await group.waitForAll()
                }
                let rest = try await there.countDown()
                try context.check(rest == 0, "an open latch counted on to \(rest)")
                try await there.wait(waitingAtMost: .zero)
            }
        },
        ConformanceCase(
            "latch/together",
            "Counting down and adding at once, from two clients, loses no count and none counts twice",
            covers: ["S6", "S7"], kinds: [.latch], needs: [.registers]
        ) { context in
            try await context.withTwoClients { one, two in
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for task in 0..<6 {
                        let latch = try (task % 2 == 0 ? one : two).latch("l", count: 40)
                        group.addTask {
                            for _ in 0..<4 { try await latch.countDown() }
                            _ = try await latch.add(2)
                        }
                    }
                    try await group.waitForAll()
                }
                let left = try await one.latch("l", count: 40).count()
                try context.check(left == 40 - 24 + 12, "\(left) are left of 40 − 24 + 12")
            }
        },
        ConformanceCase(
            "latch/add-and-reset",
            "Adding works above zero only, a reset closes an open latch for a new round, and other sizes are refused",
            covers: ["S6"], kinds: [.latch], needs: [.registers, .changes]
        ) { context in
            try await context.withClient { client in
                let latch = try client.latch("l", count: 1)
                let more = try await latch.add(1)
                try context.check(more == 2, "1 + 1 is \(more ?? -1)")
                let closed = try await latch.reset()
                try context.check(closed == 2, "a closed latch was reset to \(closed)")
                try await latch.countDown(2)
                let none = try await latch.add(1)
                try context.check(none == nil, "an open latch was added to: \(none ?? -1)")
                let again = try await latch.reset()
                try context.check(again == 1, "an open latch was reset to \(again)")
                try await context.expect(.timedOut) { try await latch.wait(waitingAtMost: context.shortWait) }
                let other = try client.latch("l", count: 5)
                try await context.expect(.kindMismatch) { try await other.countDown() }
            }
        },
        ConformanceCase(
            "latch/lost-answers", "A count-down whose answers are lost counts once, whatever answer it is",
            covers: ["S6", "S7"], kinds: [.latch], needs: [.registers]
        ) { context in
            for lost in 1...6 {
                let cable = Cable()
                try await context.withClient(on: cable) { client in
                    let latch = try client.latch("l\(lost)", count: 10)
                    try await latch.countDown()
                    cable.loseAnswers(lost)
                    // What the loss does to the acquire is not the question here; what was counted is.
                    let isDone = (try? await latch.countDown(waitingAtMost: .seconds(20))) != nil
                    cable.keepAnswers()
                    let left = try await latch.count()
                    try context.check(
                        isDone ? left == 8 : left >= 8 && left <= 9, "\(left) are left after \(lost) lost answers")
                    context.figures.note("\(lost) lost: \(isDone ? "done" : "told"), \(left) left")
                }
            }
        },
        ConformanceCase(
            "latch/cancelled", "A wait that is cancelled, or has passed its deadline, ends, and takes no count along",
            covers: ["L5"], kinds: [.latch], needs: [.registers, .changes]
        ) { context in
            try await context.withClient { client in
                let latch = try client.latch("l", count: 1)
                try await context.expectCancelled { try await latch.wait() }
                let start = context.now
                try await context.expect(.timedOut) { try await latch.wait(waitingAtMost: context.shortWait) }
                let waited = start.duration(to: context.now)
                try context.check(waited >= context.shortWait, "it gave up after \(waited)")
                try context.check(
                    waited <= context.shortWait + .milliseconds(100) + context.slack, "it gave up after \(waited)")
                let count = try await latch.count()
                try context.check(count == 1, "\(count) are left")
            }
        },
        ConformanceCase(
            "latch/killed",
            "A participant that is killed while it counts delays the others by its lease at most, and spoils no count",
            covers: ["L1", "S6"], kinds: [.latch], needs: [.registers, .changes, .betweenProcesses]
        ) { context in
            try await context.withClient { client in
                let latch = try client.latch("l", count: 2)
                try await latch.countDown()
                let holder = try await context.store.spawnHolder(of: try LockName("l"), lease: context.lease)
                async let waiting: Void = latch.wait(waitingAtMost: .seconds(20))
                try await holder.kill()
                let killed = context.now
                let left = try await latch.countDown()
                let waited = killed.duration(to: context.now)
                try context.check(left == 0, "\(left) are left")
                try context.check(waited <= context.lease / 0.99 + .seconds(1) + context.slack, "it took \(waited)")
                try await waiting
            }
        },
    ]
}
