/// Some of the library's functions for collections, once more for arrays and for closures that don't throw. The library's
/// are made for speed: for each type of element they bring the code of two kinds of array and of an iterator onto a router.
extension Array {
    @inlinable
    public func map<Result>(_ transform: (Element) -> Result) -> [Result] {
        var results: [Result] = []
        for index in indices { results.append(transform(self[index])) }
        return results
    }

    @inlinable
    public func filter(_ isIncluded: (Element) -> Bool) -> [Element] {
        var elements: [Element] = []
        for index in indices where isIncluded(self[index]) { elements.append(self[index]) }
        return elements
    }

    @inlinable
    public func compactMap<Result>(_ transform: (Element) -> Result?) -> [Result] {
        var results: [Result] = []
        for index in indices {
            if let result = transform(self[index]) { results.append(result) }
        }
        return results
    }

    @inlinable
    public func firstIndex(where predicate: (Element) -> Bool) -> Int? {
        for index in indices where predicate(self[index]) { return index }
        return nil
    }

    @inlinable
    public func first(where predicate: (Element) -> Bool) -> Element? {
        firstIndex(where: predicate).map { self[$0] }
    }

    @inlinable
    public func contains(where predicate: (Element) -> Bool) -> Bool {
        firstIndex(where: predicate) != nil
    }
}

extension Array where Element: Equatable {
    /// Each element once, in the order in which they come first.
    public var uniqued: [Element] {
        var found: [Element] = []
        for element in self where !found.contains(where: { $0 == element }) { found.append(element) }
        return found
    }
}

extension [ByteString] {
    /// In the order of their bytes, in n log n steps. (The library's takes 3 KB.)
    public func sorted() -> [ByteString] {
        sorted(in: indices)
    }

    private func sorted(in range: Range<Int>) -> [ByteString] {
        if range.count < 2 { return range.isEmpty ? [] : [self[range.lowerBound]] }
        let middle = range.lowerBound + range.count / 2
        let (left, right) = (sorted(in: range.lowerBound..<middle), sorted(in: middle..<range.upperBound))
        var merged: [ByteString] = []
        var next = (left: 0, right: 0)
        while next.left < left.count || next.right < right.count {
            let isLeft =
                next.right == right.count
                || next.left < left.count && !right[next.right].bytes.lexicographicallyPrecedes(left[next.left].bytes)
            merged.append(isLeft ? left[next.left] : right[next.right])
            if isLeft { next.left += 1 } else { next.right += 1 }
        }
        return merged
    }

    /// Of texts that are sorted: the place of the first that is not before `text`.
    public func firstIndex(notBefore text: ByteString) -> Int {
        var range = indices
        while !range.isEmpty {
            let middle = range.lowerBound + range.count / 2
            if self[middle].bytes.lexicographicallyPrecedes(text.bytes) {
                range = (middle + 1)..<range.upperBound
            } else {
                range = range.lowerBound..<middle
            }
        }
        return range.lowerBound
    }
}
