extension LineScanner {
    /// Reads the value of one field; the frequent ones come first.
    mutating func value(of name: HistoryText, _ line: inout HistoryLine, _ names: inout TextNumbers) throws(Flaw) {
        guard let short = name.word else { return try longField(name, &line) }
        switch short {
        case word("e"):
            line.event = try event()
            line.fields.insert(.event)
        case word("ts"):
            line.time = try number("ts")
            line.fields.insert(.time)
        case word("p"):
            line.process = UInt64(try number("p"))
            line.fields.insert(.process)
        case word("req"):
            line.request = names.key(of: try text())
            line.fields.insert(.request)
        case word("op"):
            line.operation = try operation()
            line.fields.insert(.operation)
        case word("key"):
            line.key = try text()
            line.fields.insert(.key)
        case word("token"):
            line.token = try tokenNumber("token")
            line.fields.insert(.token)
        case word("mode"):
            line.mode = try mode()
            line.fields.insert(.mode)
        case word("ttl_ms"):
            line.lease = try milliseconds("ttl_ms")
            line.fields.insert(.lease)
        case word("of"):
            line.subject = names.key(of: try text())
            line.fields.insert(.subject)
        case word("accepted"):
            line.isAccepted = try flag("accepted")
            line.fields.insert(.accepted)
        case word("since"):
            line.since = try number("since")
            line.fields.insert(.since)
        case word("value"):
            line.value = try valueKey(&names)
            line.fields.insert(.value)
        case word("reason"):
            line.isLoss = try text().starts(with: "lost")
            line.fields.insert(.reason)
        default: try rareField(short, &line, &names)
        }
    }

    private mutating func rareField(_ name: UInt64, _ line: inout HistoryLine, _ names: inout TextNumbers)
        throws(Flaw)
    {
        switch name {
        case word("wait_ms"):
            line.wait = try milliseconds("wait_ms")
            line.fields.insert(.wait)
        case word("delay_ms"):
            line.lockDelay = try milliseconds("delay_ms")
            line.fields.insert(.lockDelay)
        case word("min_ms"):
            line.minimumHold = try milliseconds("min_ms")
            line.fields.insert(.minimumHold)
        case word("max_ms"):
            line.maximumHold = try milliseconds("max_ms")
            line.fields.insert(.maximumHold)
        case word("n"):
            line.permits = try number("n")
            line.fields.insert(.permits)
        case word("limit"):
            line.limit = try number("limit")
            line.fields.insert(.limit)
        case word("fair"):
            line.isFair = try flag("fair")
            line.fields.insert(.fair)
        case word("prio"):
            line.priority = take("-") ? -(try number("prio")) : try number("prio")
            line.fields.insert(.priority)
        case word("was"):
            line.predecessor = UInt64(try number("was"))
            line.fields.insert(.predecessor)
        case word("now"):
            line.isNow = try flag("now")
            line.fields.insert(.now)
        case word("on"):
            line.isOn = try flag("on")
            line.fields.insert(.on)
        case word("f"):
            line.fault = try text()
            line.fields.insert(.fault)
        case word("v"):
            line.version = try number("v")
            line.fields.insert(.version)
        case word("fencing"):
            line.isMonotonic = try text().isEqual(to: "monotonic")
            line.fields.insert(.fencing)
        case word("keys"):
            line.keys = try texts()
            line.fields.insert(.keys)
        case word("values"):
            line.values = try valueKeys(&names)
            line.fields.insert(.values)
        default: try skipValue()
        }
    }

    private mutating func longField(_ name: HistoryText, _ line: inout HistoryLine) throws(Flaw) {
        guard name.isEqual(to: "valid_until") else { return try skipValue() }
        line.validUntil = try number("valid_until")
        line.fields.insert(.validUntil)
    }

    // MARK: Words

    private mutating func event() throws(Flaw) -> HistoryLine.Event {
        let name = try text()
        switch name.word {
        case word("invoke"): return .invoke
        case word("ok"): return .ok
        case word("fail"): return .fail
        case word("info"): return .info
        case word("cs_enter"): return .enter
        case word("cs_exit"): return .exit
        case word("read"): return .read
        case word("write"): return .write
        case word("final"): return .final
        case word("queued"): return .queued
        case word("died"): return .died
        case word("nemesis"): return .nemesis
        case word("begin"): return .begin
        default: throw Flaw(message: "there is no event \"\(name.printable)\"")
        }
    }

    private mutating func operation() throws(Flaw) -> HistoryLine.Operation {
        let name = try text()
        switch name.word {
        case word("acquire"): return .acquire
        case word("renew"): return .renew
        case word("release"): return .release
        case word("cancel"): return .cancel
        default: break
        }
        if name.isEqual(to: "downgrade") { return .downgrade }
        if name.isEqual(to: "hand_over") { return .handOver }
        if name.isEqual(to: "force_release") { return .forceRelease }
        throw Flaw(message: "there is no operation \"\(name.printable)\"")
    }

    private mutating func mode() throws(Flaw) -> HistoryLine.Mode {
        let name = try text()
        switch name.word {
        case word("x"): return .exclusive
        case word("s"): return .shared
        case word("p"): return .permits
        default: throw Flaw(message: "there is no mode \"\(name.printable)\"; they are x, s and p")
        }
    }

    /// A value of the set: a text, or a whole number, which is the same as its digits in a text.
    private mutating func valueKey(_ names: inout TextNumbers) throws(Flaw) -> RequestKey {
        if peek == UInt8(ascii: "\"") { return names.key(of: try text()) }
        return names.key(of: String(try number("value")))
    }

    private mutating func valueKeys(_ names: inout TextNumbers) throws(Flaw) -> [RequestKey] {
        try expect("[")
        var keys: [RequestKey] = []
        skipBlanks()
        if take("]") { return keys }
        repeat {
            skipBlanks()
            keys.append(try valueKey(&names))
            skipBlanks()
        } while take(",")
        try expect("]")
        return keys
    }
}

extension HistoryText {
    /// For error messages: no more than a few words, and nothing that a terminal would act on.
    var printable: String {
        String(
            string.unicodeScalars.prefix(40).map {
                $0.isASCII && $0.value >= 0x20 && $0.value < 0x7F ? Character($0) : "?"
            })
    }
}
