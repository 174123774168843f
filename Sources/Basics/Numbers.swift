extension ByteString {
    public init(decimal number: some BinaryInteger) { self.init(signed: Int64(truncatingIfNeeded: number)) }

    private init(signed number: Int64) {
        self = (number < 0 ? "-" : "") + ByteString(number.magnitude, base: 10, digits: 1)
    }

    /// Lower-case hexadecimal, with leading zeros up to `digits` digits.
    public init(hexadecimal number: UInt64, digits: Int) { self.init(number, base: 16, digits: digits) }

    private init(_ number: UInt64, base: UInt64, digits: Int) {
        var text: [UInt8] = []
        var rest = number
        while rest > 0 || text.count < digits {
            let digit = UInt8(rest % base)
            text.append(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") - 10 + digit)
            rest /= base
        }
        self.init(text.reversed())
    }

    /// Seconds with up to three decimals and no trailing zeros: `10`, `0.25`. Cuts off fractions of a millisecond.
    public init(seconds duration: Duration) {
        let milliseconds = duration.milliseconds
        self = ByteString(decimal: milliseconds / 1000)
        var decimals = ByteString(decimal: 1000 + max(0, milliseconds % 1000)).bytes
        while decimals.last == UInt8(ascii: "0") { decimals.removeLast() }
        if decimals.count > 1 { self += "." + ByteString(decimals.dropFirst()) }
    }

    /// The decimal number; nil unless the text is 1 to `limit` digits.
    public func number(digits limit: Int) -> Int64? {
        guard (1...limit).contains(count) else { return nil }
        var number: Int64 = 0
        for byte in bytes {
            guard byte.isASCIIDigit else { return nil }
            number = number * 10 + Int64(byte - UInt8(ascii: "0"))
        }
        return number
    }

    /// A decimal number of at most nine digits, which a 32-bit `Int` can hold.
    public var wholeNumber: Int? { number(digits: 9).map { Int($0) } }

    /// A duration from seconds with up to three decimals: `10`, `0.25`, `.5`. Never negative.
    public var seconds: Duration? {
        let (whole, decimals) = split(at: UInt8(ascii: ".")) ?? (self, "")
        guard whole.count <= 9, decimals.count <= 3, var number = (whole + decimals).number(digits: 12)
        else { return nil }
        for _ in decimals.count..<3 { number *= 10 }
        return .milliseconds(number)
    }
}

extension Duration {
    /// Whole microseconds, rounded towards zero.
    public var microseconds: Int64 {
        let (seconds, attoseconds) = components
        return seconds * 1_000_000 + attoseconds / 1_000_000_000_000
    }

    public var milliseconds: Int64 { microseconds / 1000 }

    /// Whole milliseconds, rounded up, so that a wait does not end too early.
    public var millisecondsRoundedUp: Int64 { (self + .microseconds(999)).milliseconds }
}

extension UInt8 {
    public var isHexDigit: Bool { isASCIIDigit || (0x41...0x46).contains(self) || (0x61...0x66).contains(self) }
}
