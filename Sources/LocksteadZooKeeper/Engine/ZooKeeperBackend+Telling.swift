import Jute
import Lockstead

extension ZooKeeperBackend {
    /// Carries out what is told to those who watch; not affected by cancellation of the calling task.
    ///
    /// - Returns: What became of the operation, and whether an earlier attempt may have been carried out too.
    func tellWatchers(
        _ kind: PassingWord.Kind, of node: ContenderName, _ operation: ZKOperation, _ session: ZooKeeperSession,
        until deadline: ContinuousTime
    ) async -> (answer: ZKCall.Answer, isRepeated: Bool) {
        let told = ZKOperation(PassingWord(kind, node.text), [operation], naming)
        var (answer, isRepeated) = await askPersistently(told, of: session, until: deadline)
        if case .success(let answered) = answer, answered.isRefused(by: .noNode, at: 0) {
            // Where it cannot be made, the word is refused once more.
            try? await makeNode(naming.sessions, on: session, deadline)
            let again = await askPersistently(told, of: session, until: deadline)
            (answer, isRepeated) = (again.answer, isRepeated || again.isRepeated)
        }
        guard case .success(let answered) = answer, answered.isRefused else { return (answer, isRepeated) }
        guard case .parts(let parts) = answered.result, parts.count == 3 else {
            return (.failure(.badAnswer), isRepeated)
        }
        if case .failed(let code) = parts[1], code != .fine, code != .rolledBack {
            return (.failure(ZooKeeperError(code, of: operation.path)), isRepeated)
        }
        // Where nothing can be said, nobody is told, and it is done all the same.
        let silent = await askPersistently(operation, of: session, until: deadline)
        return (silent.answer, isRepeated || silent.isRepeated)
    }
}

extension ZKAnswered {
    fileprivate func isRefused(by code: ZKErrorCode, at part: Int) -> Bool {
        guard case .parts(let parts) = result, parts.indices.contains(part) else { return false }
        return parts[part] == .failed(code)
    }
}
