import LocksteadTesting
import Metrics

/// Collects what is counted and measured, by label and dimensions.
final class RecordingMetrics: MetricsFactory {
    struct Entry: Sendable, Hashable {
        var label: String
        var dimensions: [String: String]
    }

    let values = Watched<[Entry: [Double]]>([:])

    func sum(_ label: String, _ dimensions: [String: String] = [:]) -> Double {
        matching(label, dimensions).reduce(0, +)
    }

    func count(_ label: String, _ dimensions: [String: String] = [:]) -> Int { matching(label, dimensions).count }

    private func matching(_ label: String, _ dimensions: [String: String]) -> [Double] {
        values.value.filter { entry, _ in
            entry.label == label && dimensions.allSatisfy { entry.dimensions[$0.key] == $0.value }
        }.flatMap(\.value)
    }

    private func handler(_ label: String, _ dimensions: [(String, String)]) -> Handler {
        Handler(entry: Entry(label: label, dimensions: Dictionary(dimensions) { $1 }), values: values)
    }

    func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler { handler(label, dimensions) }
    func makeRecorder(label: String, dimensions: [(String, String)], aggregate: Bool) -> any RecorderHandler {
        handler(label, dimensions)
    }
    func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler { handler(label, dimensions) }
    func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler { handler(label, dimensions) }
    func destroyCounter(_ handler: any CounterHandler) {}
    func destroyRecorder(_ handler: any RecorderHandler) {}
    func destroyMeter(_ handler: any MeterHandler) {}
    func destroyTimer(_ handler: any TimerHandler) {}

    final class Handler: CounterHandler, RecorderHandler, MeterHandler, TimerHandler {
        let entry: Entry
        let values: Watched<[Entry: [Double]]>
        init(entry: Entry, values: Watched<[Entry: [Double]]>) { (self.entry, self.values) = (entry, values) }
        private func note(_ value: Double) { values.update { [entry] in $0[entry, default: []].append(value) } }
        func increment(by amount: Int64) { note(Double(amount)) }
        func increment(by amount: Double) { note(amount) }
        func decrement(by amount: Double) { note(-amount) }
        func reset() {}
        func record(_ value: Int64) { note(Double(value)) }
        func record(_ value: Double) { note(value) }
        func set(_ value: Int64) { note(Double(value)) }
        func set(_ value: Double) { note(value) }
        func recordNanoseconds(_ duration: Int64) { note(Double(duration)) }
    }
}
