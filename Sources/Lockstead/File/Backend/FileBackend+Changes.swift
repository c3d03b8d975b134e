extension FileBackend {
    /// What happens to locks whose names start with `prefix`, from now on.
    ///
    /// Work is done while the reader asks for the next change. A reader that falls more than a few changes of one name behind misses
    /// the ones between (``ChangeJournal``). Endings that nobody else writes down (a holder killed, with nobody waiting) this writes down.
    package func changes(prefix: String) -> AsyncThrowingStream<LockChange, any Error> {
        let reader = FileChangeReader(self, prefix: prefix)
        reader.begin()
        return AsyncThrowingStream(unfolding: { try await reader.next() })
    }
}
