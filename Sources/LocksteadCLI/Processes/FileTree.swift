#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Folders with all that is in them.
enum FileTree {
    /// Removes a folder of our own making.
    static func remove(_ path: String) {
        // What is left in a temporary folder harms nobody, and there is nobody to tell.
        try? FileManager.default.removeItem(atPath: path)
    }
}
