/// Functions of the standard library for arrays and closures that do not throw: much less code on a router.
extension Array {
    public func map<Result>(_ transform: (Element) -> Result) -> [Result] {
        var results: [Result] = []
        for index in indices { results.append(transform(self[index])) }
        return results
    }

    public func filter(_ isIncluded: (Element) -> Bool) -> [Element] {
        var elements: [Element] = []
        for index in indices where isIncluded(self[index]) { elements.append(self[index]) }
        return elements
    }

    public func compactMap<Result>(_ transform: (Element) -> Result?) -> [Result] {
        var results: [Result] = []
        for index in indices { if let result = transform(self[index]) { results.append(result) } }
        return results
    }

    public func flatMap<Result>(_ transform: (Element) -> [Result]) -> [Result] {
        var results: [Result] = []
        for index in indices { for result in transform(self[index]) { results.append(result) } }
        return results
    }

    public func firstIndex(where predicate: (Element) -> Bool) -> Int? {
        for index in indices where predicate(self[index]) { return index }
        return nil
    }

    public func first(where predicate: (Element) -> Bool) -> Element? { firstIndex(where: predicate).map { self[$0] } }

    public func contains(where predicate: (Element) -> Bool) -> Bool { firstIndex(where: predicate) != nil }
}

extension Array where Element: Equatable {
    /// The elements without repetitions, in the order of their first occurrence.
    public var uniqued: [Element] {
        var found: [Element] = []
        for element in self where !found.contains(where: { $0 == element }) { found.append(element) }
        return found
    }
}

extension [ByteString] {
    /// The texts in the order of their bytes (merge sort).
    public func sorted() -> [ByteString] {
        // Sorts indices, which move faster than texts.
        var (order, merged) = ([Int](indices), [Int](indices))
        var width = 1
        while width < count {
            for start in stride(from: 0, to: count, by: 2 * width) {
                let (middle, end) = (Swift.min(start + width, count), Swift.min(start + 2 * width, count))
                var (left, right) = (start, middle)
                for place in start..<end {
                    let isLeft = right == end || left < middle && !self[order[right]].precedes(self[order[left]])
                    merged[place] = order[isLeft ? left : right]
                    if isLeft { left += 1 } else { right += 1 }
                }
            }
            swap(&order, &merged)
            width *= 2
        }
        return order.map { self[$0] }
    }

    /// Each text that starts with `prefix`, without `prefix`.
    public func values(of prefix: ByteString) -> [ByteString] {
        filter { $0.hasPrefix(prefix) }.map { ByteString($0.bytes[prefix.count...]) }
    }

    /// The first text that starts with `prefix`, by bisection: the array must be sorted.
    public func firstSorted(withPrefix prefix: ByteString) -> ByteString? {
        var (start, end) = (0, count)
        while start < end {
            let middle = (start + end) / 2
            if self[middle].precedes(prefix) { start = middle + 1 } else { end = middle }
        }
        return start < count && self[start].hasPrefix(prefix) ? self[start] : nil
    }
}
