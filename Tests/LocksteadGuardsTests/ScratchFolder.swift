import Glibc
import Lockstead

/// A folder of a test's own, removed at the end.
final class ScratchFolder: Sendable {
    private let folder: Folder

    init() throws {
        let base = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
        var template = Array((base + "/lockstead-guard-XXXXXX").utf8CString)
        guard mkdtemp(&template) != nil else { throw SystemError.last("mkdtemp", base) }
        folder = Folder(String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self))
    }

    deinit {
        // A folder that cannot be emptied is left to the system.
        for entry in (try? folder.entries()) ?? [] { _ = try? folder.remove(entry) }
        rmdir(folder.path)
    }

    func path(of file: String) -> String { folder.path(of: file) }

    func write(_ file: String, _ bytes: [UInt8]) throws {
        try OpenFile.open(path(of: file), O_RDWR | O_CREAT).write(bytes, at: 0)
    }
}
