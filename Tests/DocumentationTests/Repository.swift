import Foundation

/// The checkout that these tests were compiled from.
enum Repository {
    static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    /// Paths from the root of the files with this ending, in order, leaving out what was built or fetched.
    static func files(ending suffix: String, in folder: String = "") throws -> [String] {
        let start = root.appending(path: folder)
        let keys: [URLResourceKey] = []
        guard let walk = FileManager.default.enumerator(at: start, includingPropertiesForKeys: keys) else {
            throw CocoaError(.fileReadNoSuchFile)
        }
        var paths: [String] = []
        for case let file as URL in walk {
            if file.lastPathComponent == ".build" { walk.skipDescendants() }
            if file.path.hasSuffix(suffix) { paths.append(String(file.path.dropFirst(root.path.count + 1))) }
        }
        return paths.sorted()
    }
}
