import Testing

@testable import Lockstead

@Suite("HolderBook: who holds, from changes and readings")
struct HolderBookTests {
    private let a: LockName
    private let b: LockName
    init() throws { (a, b) = (try LockName("a"), try LockName("b")) }

    private func change(_ kind: LockChange.Kind, _ token: UInt64?, _ name: LockName? = nil, mode: LockMode = .exclusive)
        -> LockChange
    {
        LockChange(
            name: name ?? a, kind: kind, token: token.map(FencingToken.init(rawValue:)),
            owner: OwnerID(high: 0, low: 1),
            mode: mode, note: HolderNote(purpose: "p\(token ?? 0)"))
    }

    private func lock(_ token: UInt64?, _ name: LockName? = nil, _ phase: LockDescription.Holder.Phase = .held)
        -> LockDescription
    {
        let holders = token.map { token in
            [
                LockDescription.Holder(
                    owner: OwnerID(high: 0, low: 1), mode: .exclusive, token: FencingToken(rawValue: token),
                    phase: phase, heldFor: .zero, remaining: nil, note: HolderNote(purpose: "p\(token)"))
            ]
        }
        return LockDescription(name: name ?? a, kind: .readWrite, holders: holders ?? [], waiters: [], waiterCount: 0)
    }

    private func token(_ book: HolderBook) -> UInt64? { book.holder(of: a)?.token.rawValue }

    @Test("Changes alone tell every holder in turn")
    func changes() {
        var book = HolderBook()
        var seen: [UInt64?] = []
        for (kind, token) in [
            (.granted, 1), (.released, 1), (.granted, 2), (.expired, 2), (.granted, 3), (.revoked, 3),
        ]
            as [(LockChange.Kind, UInt64)]
        {
            book.apply(change(kind, token))
            seen.append(self.token(book))
        }
        #expect(seen == [1, nil, 2, nil, 3, nil])
    }

    @Test("Changes that a reading has overtaken bring nobody back")
    func overtaken() {
        var book = HolderBook()
        book.read([lock(6)])
        for late in [change(.granted, 4), change(.released, 4), change(.granted, 5), change(.granted, 6)] {
            book.apply(late)
            #expect(token(book) == 6)
        }
        book.apply(change(.released, 5))
        #expect(token(book) == 6)
    }

    @Test("The end of a grant whose beginning was missed ends the holder before it too")
    func missedBeginning() {
        var book = HolderBook()
        book.apply(change(.granted, 1))
        book.apply(change(.released, 3))
        #expect(token(book) == nil)
        book.apply(change(.granted, 2))
        #expect(token(book) == nil, "2 came before 3")
    }

    @Test("A missed end is mended by the next reading, and a grant that the reading knew is not told again")
    func missedEnd() {
        var book = HolderBook()
        book.apply(change(.granted, 1))
        book.read([lock(nil)])
        #expect(token(book) == nil)
        book.apply(change(.granted, 1))
        #expect(token(book) == nil, "the grant had ended before the reading")
        book.read([])
        book.apply(change(.granted, 2))
        #expect(token(book) == 2)
    }

    @Test("A reading with an older token than one that was seen changes nothing")
    func oldReading() {
        var book = HolderBook()
        book.apply(change(.granted, 5))
        book.read([lock(4)])
        #expect(token(book) == 5)
    }

    @Test("A reading that contradicts the changes is taken in once another says the same, or after five that differ")
    func doubts() {
        var book = HolderBook()
        book.apply(change(.granted, 1))
        var doubts = ReadingDoubts()
        func reading(_ token: UInt64?) -> HolderBook {
            var candidate = book
            candidate.read([lock(token)])
            return candidate
        }
        for (token, isAdopted) in [(1, true), (2, false), (2, true), (nil, false), (nil, true)] as [(UInt64?, Bool)] {
            let adopts = doubts.mayAdopt(reading(token), over: book)
            #expect(adopts == isAdopted, "\(String(describing: token))")
        }
        let different = (3...8 as ClosedRange<UInt64>).map { doubts.mayAdopt(reading($0), over: book) }
        #expect(different == [false, false, false, false, false, true])
        var first = ReadingDoubts(patience: 0)
        let isAdopted = first.mayAdopt(reading(9), over: book)
        #expect(isAdopted)
    }

    @Test(
        "Who is revoked, or gone and only keeps the lock closed, holds no more",
        arguments: [LockDescription.Holder.Phase.revoked, .lockDelay, .minimumHold])
    func phases(phase: LockDescription.Holder.Phase) {
        var book = HolderBook()
        book.apply(change(.granted, 1))
        book.read([lock(1, nil, phase)])
        #expect(token(book) == nil)
    }

    @Test("Shared holders, waiters and permits are no holders; a downgrade ends the exclusive one")
    func otherModes() {
        var book = HolderBook()
        book.apply(change(.granted, 1, mode: .shared))
        book.apply(change(.queued, nil))
        book.apply(change(.waitEnded, nil))
        book.apply(change(.granted, 2, mode: .permits(count: 1, limit: 2)))
        #expect(book == HolderBook())
        book.apply(change(.granted, 3))
        book.apply(change(.downgraded, 3, mode: .shared))
        #expect(token(book) == nil)
    }

    @Test("Names that two readings did not have are forgotten, so that a book does not grow with all that ever was")
    func forgets() throws {
        var book = HolderBook()
        for number in 0..<1_000 {
            book.apply(change(.granted, UInt64(number + 1), try LockName("n/\(number)")))
        }
        #expect(book.holders.count == 1_000)
        book.read([lock(2_000, b)])
        #expect(book.holders.map(\.name) == [b])
        book.read([lock(2_000, b)])
        var other = HolderBook()
        other.read([lock(2_000, b)])
        #expect(book == other)
    }

    @Test(
        "Whatever order changes and readings come in, terms never go back (seeded)", arguments: 0..<200 as Range<UInt64>
    )
    func monotonic(seed: UInt64) {
        var draw = SplitMix(state: seed)
        var book = HolderBook()
        var highest: UInt64 = 0
        for _ in 0..<100 {
            let token = UInt64.random(in: 1...20, using: &draw)
            switch UInt8.random(in: 0..<4, using: &draw) {
            case 0: book.apply(change(.granted, token))
            case 1: book.apply(change(.released, token))
            case 2: book.read([lock(token)])
            default: book.read([lock(nil)])
            }
            guard let now = self.token(book) else { continue }
            #expect(now >= highest, "seed \(seed)")
            highest = max(highest, now)
        }
    }
}

/// Random numbers that a seed repeats.
private struct SplitMix: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var value = state
        value = (value ^ (value >> 30)) &* 0xbf58_476d_1ce4_e5b9
        value = (value ^ (value >> 27)) &* 0x94d0_49bb_1331_11eb
        return value ^ (value >> 31)
    }
}
