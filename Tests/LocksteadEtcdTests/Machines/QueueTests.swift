import Lockstead
import Testing

@testable import LocksteadEtcd

/// Who holds a name and who waits for it, as the order of create revisions says.
@Suite("The queue of a name")
struct QueueTests {
    /// A contender at a place; `nil` for a mode is another program's.
    private func contender(_ place: Int64, _ mode: LockMode?) -> Contender {
        let record = mode.map {
            ContenderRecord(
                mode: $0, owner: OwnerID(high: 0, low: UInt64(place)), since: 0, lease: 1_000, note: HolderNote())
        }
        return Contender(
            key: Array("n/\(place)".utf8), created: place, modified: place, lease: LeaseID(rawValue: place),
            record: record)
    }

    private func queue(_ modes: LockMode?...) -> ContenderQueue {
        ContenderQueue(modes.enumerated().reversed().map { contender(Int64($0.offset) + 1, $0.element) })
    }

    private func standing(_ place: Int64, in queue: ContenderQueue) -> QueueStanding {
        QueueStanding(of: Array("n/\(place)".utf8), created: place, in: queue)
    }

    private let permit = LockMode.permits(count: 1, limit: 3)

    @Test("Whoever came first holds, whatever order the keys were read in; the next one waits for it alone (R31)")
    func exclusive() {
        let queue = queue(.exclusive, .exclusive, .exclusive)
        #expect(queue.contenders.map(\.created) == [1, 2, 3] && queue.holderCount == 1)
        #expect(standing(1, in: queue) == .granted)
        #expect(standing(2, in: queue) == .behind(Array("n/1".utf8)))
        #expect(standing(3, in: queue) == .behind(Array("n/2".utf8)))
    }

    @Test("Readers hold together until a writer came, and those behind it wait for the last writer before them")
    func readers() {
        let queue = queue(.shared, .shared, .exclusive, .shared)
        #expect(queue.holderCount == 2)
        #expect(standing(2, in: queue) == .granted)
        #expect(standing(3, in: queue) == .behind(Array("n/2".utf8)))
        #expect(standing(4, in: queue) == .behind(Array("n/3".utf8)))
    }

    @Test("Permits are given in order: whoever wants more than are left holds up the small ones behind")
    func permits() {
        let queue = queue(permit, .permits(count: 3, limit: 3), permit)
        #expect(queue.holderCount == 1)
        #expect(standing(2, in: queue) == .short && standing(3, in: queue) == .short)
        #expect(self.queue(permit, permit, permit, permit).holderCount == 3)
    }

    @Test("Another program's key contends alone")
    func foreign() {
        let queue = queue(nil, .shared, .exclusive)
        #expect(queue.holderCount == 1)
        #expect(standing(2, in: queue) == .behind(Array("n/1".utf8)))
        #expect(standing(2, in: self.queue(nil, permit)) == .short)
        #expect(standing(1, in: self.queue(.exclusive, nil)) == .granted)
    }

    @Test("A key that is gone, or that was made anew, is no place (R3)")
    func gone() {
        let queue = queue(.exclusive, .exclusive)
        #expect(standing(7, in: queue) == .gone)
        #expect(QueueStanding(of: Array("n/2".utf8), created: 9, in: queue) == .gone)
        #expect(standing(1, in: ContenderQueue([])) == .gone)
    }

    @Test("A name in use has one kind and one size")
    func kinds() {
        #expect(standing(2, in: queue(.exclusive, permit)) == .mismatch(.readWrite))
        #expect(standing(2, in: queue(permit, .exclusive)) == .mismatch(.semaphore(limit: 3)))
        #expect(standing(2, in: queue(permit, .permits(count: 1, limit: 4))) == .mismatch(.semaphore(limit: 3)))
        // What one says who will be refused itself does not count.
        let mixed = queue(.exclusive, permit, .exclusive)
        #expect(standing(3, in: mixed) == .behind(Array("n/2".utf8)) && mixed.hasSeveralKinds)
    }

    @Test("Whether one more would hold at once")
    func admits() {
        #expect(queue().admits(.exclusive) && queue().admits(permit))
        #expect(queue(.shared).admits(.shared) && !queue(.shared).admits(.exclusive))
        #expect(!queue(.shared, .exclusive).admits(.shared))
        #expect(queue(permit, permit).admits(permit) && !queue(permit, permit).admits(.permits(count: 2, limit: 3)))
    }

    @Test("In every queue the holders are compatible, and the first one that waits is not compatible with them")
    func walk() {
        let modes: [LockMode?] = [.exclusive, .shared, nil, permit, .permits(count: 2, limit: 3)]
        for seed in 0..<2_000 {
            var number = seed
            var contenders: [Contender] = []
            for place in 1...5 {
                contenders.append(contender(Int64(place), modes[number % modes.count]))
                number /= modes.count
            }
            let queue = ContenderQueue(contenders)
            let holders = queue.holders.map(\.mode)
            #expect(Self.fit(holders), "seed \(seed): \(holders)")
            if let next = queue.waiters.first { #expect(!Self.fit(holders + [next.mode]), "seed \(seed)") }
        }
    }

    /// Whether these may hold one name together.
    private static func fit(_ modes: [LockMode]) -> Bool {
        if modes.count <= 1 { return true }
        if modes.allSatisfy({ $0 == .shared }) { return true }
        var total = 0
        for mode in modes {
            guard case .permits(let count, 3) = mode else { return false }
            total += count
        }
        return total <= 3
    }
}
