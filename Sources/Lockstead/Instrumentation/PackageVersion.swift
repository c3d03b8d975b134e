/// Which version of this package runs: the one place that says so.
package enum PackageVersion {
    /// By Semantic Versioning; a suffix marks what is not released yet.
    package static let current = "0.1.0-dev"
}
