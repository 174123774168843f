/// Numbers as people write them in settings and as programs read them from files.

extension ByteString {
    public init(decimal number: some BinaryInteger) {
        var digits: [UInt8] = []
        var rest = number.magnitude
        repeat {
            digits.append(UInt8(ascii: "0") + UInt8(rest % 10))
            rest /= 10
        } while rest > 0
        if number < 0 { digits.append(UInt8(ascii: "-")) }
        self.init(digits.reversed())
    }

    /// `duration` in seconds with up to three decimals, without trailing zeros: `10`, `0.25`.
    public init(seconds duration: Duration) {
        let (seconds, attoseconds) = duration.components
        var decimals: [UInt8] = []
        var rest = attoseconds / 1_000_000_000_000_000
        for unit: Int64 in [100, 10, 1] where rest > 0 {
            decimals.append(UInt8(ascii: "0") + UInt8(rest / unit))
            rest %= unit
        }
        self = ByteString(decimal: seconds)
        if !decimals.isEmpty { self += "." + ByteString(decimals) }
    }

    /// The number that these decimal digits, and nothing else, write; nil beyond nine digits.
    public var wholeNumber: Int? {
        guard !isEmpty, count <= 9, bytes.allSatisfy({ $0.isASCIIDigit }) else { return nil }
        return bytes.reduce(0) { $0 * 10 + Int($1 - UInt8(ascii: "0")) }
    }

    /// Seconds with up to three decimals (`10`, `0.25`, `.5`), nil if it is anything else. Never negative.
    public var seconds: Duration? {
        var number = 0
        var digits = 0
        // How many digits there have been when the point came.
        var whole: Int?
        for byte in bytes {
            if byte == UInt8(ascii: "."), whole == nil {
                whole = digits
            } else {
                guard byte.isASCIIDigit, digits < 12 else { return nil }
                number = number * 10 + Int(byte - UInt8(ascii: "0"))
                digits += 1
            }
        }
        let decimals = digits - (whole ?? digits)
        guard digits > 0, digits - decimals <= 9, decimals <= 3 else { return nil }
        for _ in decimals..<3 { number *= 10 }
        return .milliseconds(number)
    }
}

extension UInt8 {
    /// - Parameter value: Less than 16.
    public init(hexDigit value: UInt8) {
        self = value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
    }

    public var isHexDigit: Bool {
        isASCIIDigit || (0x41...0x46).contains(self) || (0x61...0x66).contains(self)
    }
}
