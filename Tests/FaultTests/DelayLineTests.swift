import Testing

@testable import FaultKit

struct DelayLineTests {
    @Test("A piece arrives when it is due, and none before one that came earlier")
    func order() {
        var line = DelayLine()
        line.push([1, 2], due: 100)
        line.push([3], due: 50)
        #expect(line.first(at: 99) == nil && line.count == 3 && line.due == 100)
        #expect(line.first(at: 100) == [1, 2])
        line.drop(1)
        #expect(line.first(at: 100) == [2] && line.count == 2)
        line.drop(1)
        #expect(line.first(at: 100) == [3])
        line.drop(1)
        #expect(line.isEmpty && line.due == nil)
    }
}
