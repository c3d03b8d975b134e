import Lockstead

extension ConformanceSuite {
    static let reentryCases: [ConformanceCase] = [
        ConformanceCase(
            "re-entry/same-task",
            "The task that runs the body may ask for the lock again: it gets the same token, and the outermost release frees",
            covers: ["R45", "R46", "RULES 13"], kinds: [.reentrant]
        ) { context in
            try await context.withClient { client in
                try await context.withBackend { other in
                    try await client.withLock("a") { outer in
                        try await client.withLock("a") { inner in
                            try context.check(inner.token == outer.token, "\(outer.token) became \(inner.token)")
                        }
                        try context.check(outer.isHeld, "the inner release ended the outer lease")
                        try context.check(
                            !(try await context.isFree("a", on: other)), "the inner release freed the lock")
                    }
                    try context.check(
                        try await context.isFree("a", on: other), "the outer release did not free the lock")
                }
            }
        },
        ConformanceCase(
            "re-entry/refused",
            "Who does not want to be entered again is refused, at once",
            covers: ["RULES 13"], kinds: [.reentrant]
        ) { context in
            try await context.withClient { client in
                try await client.withLock("a") { _ in
                    _ = try await context.expect(.reentryRefused) {
                        try await client.withLock("a", reentry: .refused) { _ in }
                    }
                }
            }
        },
        ConformanceCase(
            "re-entry/two-children",
            "Children of the body that ask for its name get wouldDeadlock at once: their parent waits for them",
            covers: ["R55", "RULES 13"], kinds: [.reentrant]
        ) { context in
            try await context.withClient { client in
                try await client.withLock("a") { _ in
                    try await withThrowingTaskGroup(of: Void.self) { group in
                        for _ in 0..<2 {
                            group.addTask {
                                _ = try await context.expect(.wouldDeadlock) { try await client.withLock("a") { _ in } }
                            }
                        }
                        try await group.waitForAll()
                    }
                }
            }
        },
    ]
}
