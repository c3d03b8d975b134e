import LockCore

/// Who holds which of a set of exclusive locks, pieced together from changes as they come and from readings.
///
/// Changes are fast and may be missing; readings are whole and may come late. Tokens tell which of two is the newer, so that neither
/// undoes the other: whoever was seen under a token is not seen under a lower one again.
struct HolderBook: Sendable, Equatable {
    struct Holder: Sendable, Equatable {
        var token: FencingToken
        var owner: OwnerID
        var note: HolderNote
    }

    private struct Page: Sendable, Equatable {
        /// The highest token seen.
        var token: FencingToken
        var holder: Holder?
        /// The last reading did not have the name; the next one without it forgets the page, and changes from before are read by then.
        var isMissing = false
    }

    private var pages: [LockName: Page] = [:]

    func holder(of name: LockName) -> Holder? { pages[name]?.holder }

    /// All holders, in order of their locks' names.
    var holders: [(name: LockName, holder: Holder)] {
        pages.compactMap { name, page in page.holder.map { (name, $0) } }.sorted { $0.name < $1.name }
    }

    /// Whether both tell the same holders, whatever else they remember.
    func tellsTheSame(as other: HolderBook) -> Bool {
        pages.compactMapValues(\.holder) == other.pages.compactMapValues(\.holder)
    }

    /// Takes in what an engine told.
    mutating func apply(_ change: LockChange) {
        guard let token = change.token else { return }
        switch change.kind {
        case .granted:
            guard change.mode == .exclusive, pages[change.name].map({ $0.token < token }) ?? true else { return }
            let holder = Holder(token: token, owner: change.owner, note: change.note)
            pages[change.name] = Page(token: token, holder: holder)
        case .released, .expired, .revoked, .downgraded:
            guard let page = pages[change.name], page.token <= token else { return }
            pages[change.name] = Page(token: token)
        case .queued, .waitEnded, .registerChanged: return
        }
    }

    /// Takes in a reading of all the locks that began after the last change was taken in.
    mutating func read(_ descriptions: [LockDescription]) {
        var unread = pages
        for description in descriptions {
            unread[description.name] = nil
            turn(to: description)
        }
        for (name, page) in unread {
            pages[name] = page.isMissing ? nil : Page(token: page.token, isMissing: true)
        }
    }

    private mutating func turn(to description: LockDescription) {
        let known = pages[description.name]
        guard let held = description.holders.first(where: { $0.mode == .exclusive && $0.phase == .held }) else {
            pages[description.name] = known.map { Page(token: $0.token) }
            return
        }
        if let known, known.token > held.token { return }
        let holder = Holder(token: held.token, owner: held.owner, note: held.note)
        pages[description.name] = Page(token: held.token, holder: holder)
    }
}

/// Keeps a reading that contradicts the changes waiting for a moment: the changes that explain it may be on their way, and those between would be
/// skipped.
struct ReadingDoubts: Sendable {
    /// So many readings in a row are doubted, though no two of them agree; then the watch is taken to be lost.
    static let most = 5

    private var suspected: HolderBook?
    private var left: Int

    init(patience: Int = Self.most) { left = patience }

    /// Whether to go by a reading: it says nothing new, says it for the second time, or has been doubted long enough.
    mutating func mayAdopt(_ candidate: HolderBook, over book: HolderBook) -> Bool {
        let isConfirmed = suspected.map { $0.tellsTheSame(as: candidate) } ?? false
        if candidate.tellsTheSame(as: book) || isConfirmed || left <= 0 {
            self = ReadingDoubts()
            return true
        }
        (suspected, left) = (candidate, left - 1)
        return false
    }
}
