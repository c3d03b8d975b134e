import LocksteadTesting
import Testing

@Suite("The judge: what is no violation")
struct JudgeTests {
    private func judge(_ rules: JudgeRules = JudgeRules(), _ tell: (inout Story) -> Void) throws -> Judgement {
        var story = Story()
        tell(&story)
        return try HistoryJudge(rules: rules).judge(story.text)
    }

    @Test("A zombie whose write is refused passes, and is counted")
    func zombie() throws {
        let judgement = try judge { story in
            story.acquire(1, "k", at: 0, until: 1, token: 7)
            story.section(1, "k", token: 7, from: 2, to: 9_000, validUntil: 4_891)
            story.acquire(2, "k", at: 100, until: 4_905, token: 8)
            story.section(2, "k", token: 8, from: 4_906, to: 6_000, validUntil: 9_000)
            story.access("read", 2, "k", token: 8, at: 4_907)
            story.access("write", 1, "k", token: 7, at: 8_000, accepted: false)
        }
        #expect(judgement.verdict == .clean, "\(judgement.violations)")
        #expect(judgement.statistics.zombies == 1)
        #expect(judgement.statistics.refusedAccesses == 1)
    }

    @Test("A renewal extends the belief once it is answered, and not before")
    func renewedBelief() throws {
        for (renewed, entered, kinds) in [
            (4_000.0, 5_500.0, [Violation.Kind.serverOverlap]), (5_600, 5_500, []),
        ] {
            let judgement = try judge { story in
                let one = story.acquire(1, "k", at: 0, until: 1, token: 7)
                story.section(1, "k", token: 7, from: 2, to: 9_000, validUntil: 4_891)
                story.on(one, "renew", at: 3_900, until: renewed)
                story.acquire(2, "k", at: 100, until: 5_400, token: 8)
                story.section(2, "k", token: 8, from: entered, to: 5_600, validUntil: 9_000)
            }
            #expect(judgement.violations.map(\.kind).filter { $0 != .earlyExpiry } == kinds)
            #expect(judgement.violations.contains { $0.kind == .earlyExpiry })
        }
    }

    @Test("A forced release with now waives exclusion: the one who was forced out is a zombie")
    func waived() throws {
        let judgement = try judge { story in
            story.acquire(1, "k", at: 0, until: 1, token: 7)
            story.section(1, "k", token: 7, from: 2, to: 50, validUntil: 4_891)
            _ = story.call("force_release", 9, ["k"], at: 10, until: 11, ["now": "true"])
            story.acquire(2, "k", at: 12, until: 13, token: 8)
            story.section(2, "k", token: 8, from: 14, to: 40, validUntil: 4_891)
        }
        #expect(judgement.verdict == .clean, "\(judgement.violations)")
        #expect(judgement.statistics.zombies == 1)
    }

    @Test("Who died may lose its grant at once, and is inside no more")
    func died() throws {
        for isRecorded in [true, false] {
            let judgement = try judge { story in
                story.acquire(1, "k", at: 0, until: 1, token: 7)
                story.section(1, "k", token: 7, from: 2, to: nil, validUntil: 4_891)
                if isRecorded { story.notes.append(.init(event: "died", at: 10, fields: ["p": "1"])) }
                story.acquire(2, "k", at: 12, until: 13, token: 8)
                story.section(2, "k", token: 8, from: 14, to: 40, validUntil: 4_891)
            }
            #expect(judgement.verdict == (isRecorded ? .clean : .violated))
        }
    }

    @Test("What nobody knows may have happened at any time after it was asked for, or never")
    func unknown() throws {
        for (operation, ended) in [("release", true), ("release", false), ("cancel", true), ("cancel", false)] {
            let judgement = try judge { story in
                let one = story.acquire(1, "k", at: 0, until: 1, token: 7)
                story.on(one, operation, at: 10, until: 5_000, outcome: "info")
                story.acquire(2, "k", at: 11, until: ended ? 12 : 5_055, token: 8)
            }
            #expect(judgement.verdict == .clean, "\(judgement.violations)")
            #expect(judgement.statistics.unknownOperations == 1)
        }
    }

    @Test("A request that is sent again keeps its place and its grant: two answers, one grant (RULES 2, 26)")
    func repeated() throws {
        let judgement = try judge { story in
            let zero = story.acquire(9, "k", at: 0, until: 1, token: 6)
            let lost = story.acquire(1, "k", at: 10, until: 30, token: nil)
            (story.calls[lost].outcome, story.calls[lost].queued) = ("info", 15)
            let late = story.acquire(3, "k", at: 20, until: 100, token: 8)
            story.calls[late].queued = 25
            let again = story.acquire(2, "k", at: 40, until: 60, token: 7)
            (story.calls[again].request, story.calls[again].was) = (story.calls[lost].request, 1)
            let once = story.acquire(4, "k", at: 41, until: 61, token: 7)
            (story.calls[once].request, story.calls[once].was) = (story.calls[lost].request, 1)
            story.on(zero, "release", at: 50, until: 51)
            story.on(again, "release", at: 90, until: 91)
        }
        #expect(judgement.verdict == .clean, "\(judgement.violations)")
    }

    @Test("Nothing is said about lateness while a fault is at work, a request is open, or several names wait")
    func lateness() throws {
        func late(_ change: (inout Story) -> Void) throws -> [Violation.Kind] {
            try judge { story in
                story.acquire(1, "k", at: 0, until: 1, token: 7)
                story.acquire(2, "k", at: 100, until: 9_000, token: 9)
                change(&story)
            }.violations.map(\.kind)
        }
        #expect(try late { _ in } == [.lateExpiry])
        #expect(
            try late { $0.notes.append(.init(event: "nemesis", at: 50, fields: ["f": "\"pause\"", "on": "true"])) }
                == [])
        #expect(
            try late { story in
                story.notes.append(.init(event: "nemesis", at: 50, fields: ["f": "\"pause\"", "on": "true"]))
                story.notes.append(.init(event: "nemesis", at: 60, fields: ["f": "\"pause\"", "on": "false"]))
            } == [.lateExpiry])
        #expect(try late { $0.calls[$0.acquire(3, "k", at: 50, until: 60, token: nil)].until = nil } == [])
        #expect(try late { $0.acquire(3, "k", "l", at: 20_000, until: 20_001, token: 10, lease: 1) } == [])
        var patient = JudgeRules()
        patient.slack = .seconds(10)
        let judgement = try judge(patient) { story in
            story.acquire(1, "k", at: 0, until: 1, token: 7)
            story.acquire(2, "k", at: 100, until: 9_000, token: 9)
        }
        #expect(judgement.verdict == .clean)
    }

    @Test("A search that would take too long is unknown, not clean")
    func searchLimit() throws {
        var rules = JudgeRules()
        (rules.usesTokens, rules.searchLimit) = (false, 20)
        let judgement = try judge(rules) { story in
            for process in 1...12 as ClosedRange<UInt64> {
                story.acquire(process, "k", at: 0, until: 100, token: nil, mode: "s")
            }
        }
        #expect(judgement.verdict == .unknown)
        #expect(judgement.undecidedKeys == ["k"])
    }

    @Test("The begin line of an engine whose tokens may go back leaves them aside")
    func weakTokens() throws {
        var story = Story()
        let one = story.acquire(1, "k", at: 0, until: 1, token: 9)
        story.on(one, "release", at: 2, until: 3)
        story.acquire(2, "k", at: 4, until: 5, token: 8)
        #expect(try HistoryJudge().judge(story.text).violations.map(\.kind) == [.tokenOrder])
        let begin = #"{"e":"begin","v":1,"be":"redis","fencing":"advisory"}"# + "\n"
        let judgement = try HistoryJudge().judge(begin + story.text)
        #expect(judgement.verdict == .clean)
        #expect(judgement.statistics.searchedKeys == 1)
    }

    @Test("A larger rate error allows earlier endings")
    func rateError() throws {
        var rules = JudgeRules()
        rules.rateErrorPermille = 50
        let tell: (inout Story) -> Void = { story in
            story.acquire(1, "k", at: 0, until: 1, token: 7)
            story.acquire(2, "k", at: 100, until: 4_700, token: 8)
        }
        #expect(try judge(rules, tell).verdict == .clean)
        #expect(try judge(JudgeRules(), tell).violations.map(\.kind) == [.earlyExpiry])
    }

    @Test("A lease whose sign of life came before the call counts from there, for a grant and for a renewal")
    func earlierSign() throws {
        for (next, isEarly) in [(4_600.0, true), (4_720, false)] {
            let judgement = try judge { story in
                let one = story.acquire(1, "k", at: 300, until: 301, token: 7)
                story.calls[one].answer["since"] = Story.time(-200)
                story.acquire(2, "k", at: 400, until: next, token: 8)
            }
            #expect(judgement.violations.map(\.kind) == (isEarly ? [.earlyExpiry] : []))
        }
        let renewed = try judge { story in
            let one = story.acquire(1, "k", at: 0, until: 1, token: 7)
            let renewal = story.on(one, "renew", at: 1_000, until: 1_001)
            story.calls[renewal].answer["since"] = Story.time(500)
            story.acquire(2, "k", at: 400, until: 5_500, token: 8)
        }
        #expect(renewed.verdict == .clean, "\(renewed.violations)")
    }
}
