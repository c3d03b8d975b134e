import Testing

@Suite("The README's sample")
struct ReadmeSampleTests {
    @Test("It runs from beginning to end on the in-process engine")
    func sampleRuns() async throws {
        try await runReadmeSample()
        #expect(Shop.deeds == ["ship 42", "report", "prices", "transfer", "encode"])
    }
}
