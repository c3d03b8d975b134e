import LocksteadEngines
import Testing

struct DurationTextTests {
    @Test(
        "Lengths of time are read as people write them",
        arguments: [
            ("500ms", Duration.milliseconds(500)), ("30s", .seconds(30)), ("5m", .seconds(300)),
            ("1h30m", .seconds(5_400)),
            ("2d", .seconds(172_800)), ("0s", .zero), ("1m1s1ms", .milliseconds(61_001)),
        ])
    func reading(_ text: String, _ duration: Duration) {
        #expect(DurationText.parse(text) == duration)
    }

    @Test(
        "Any other text is refused, a bare number included",
        arguments: [
            "", "5", "s", "-5s", "+5s", "5 s", "5s ", "1.5s", "5S", "5sec", "5s5s", "5s1m", "5m5", "ms", "1e3s", "٥s",
            "5s\0",
            "9999999999s", "99999999999999999999999s",
        ])
    func refusing(_ text: String) {
        #expect(DurationText.parse(text) == nil)
    }

    @Test(
        "Lengths of time are written in their two largest units, rounded down",
        arguments: [
            (Duration.zero, "0ms"), (.milliseconds(999), "999ms"), (.milliseconds(1_000), "1s"),
            (.milliseconds(1_590), "1.5s"),
            (.milliseconds(12_999), "12s"), (.seconds(61), "1m1s"), (.seconds(3_600), "1h"), (.seconds(3_661), "1h1m"),
            (.seconds(3_605), "1h"), (.seconds(90_061), "1d1h"), (.milliseconds(-1_500), "-1.5s"),
        ])
    func writing(_ duration: Duration, _ text: String) {
        #expect(DurationText.format(duration) == text)
    }
}
