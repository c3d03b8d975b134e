/// The forced releases of one key, searchable by time.
struct ForcedReleases {
    private var invoked: [Int64] = []
    private var answered: [Int64] = []
    /// The latest answer up to here, which rises and can be searched.
    private var latestAnswer: [Int64] = []
    private var isConfirmed: [Bool] = []

    var isEmpty: Bool { invoked.isEmpty }

    init(_ operations: [History.Operation]) {
        for operation in operations.sorted(by: { $0.invoked < $1.invoked }) {
            invoked.append(operation.invoked)
            answered.append(operation.answered)
            latestAnswer.append(max(operation.answered, latestAnswer.last ?? .min))
            isConfirmed.append(operation.outcome == .ok)
        }
    }

    /// The transmission of the first that can have met a grant of this transmission, and its answer.
    func first(after grant: Int64) -> (invoked: Int64, answered: Int64)? {
        let place = latestAnswer.partition { $0 >= grant }
        return place < invoked.count ? (invoked[place], answered[place]) : nil
    }

    /// Whether one certainly met a grant that was there from `from` to `until`.
    func isSure(from: Int64, until: Int64) -> Bool {
        let place = invoked.partition { $0 >= from }
        return place < invoked.count && answered[place] <= until && isConfirmed[place]
    }
}

extension Array {
    /// The first place from which on `isBehind` holds, the array being ordered so.
    func partition(_ isBehind: (Element) -> Bool) -> Int {
        var (low, high) = (0, count)
        while low < high {
            let middle = (low + high) / 2
            if isBehind(self[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
