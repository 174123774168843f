/// Rows for people.
public struct Table {
    private var rows: [[ByteString]]

    public init(_ heads: [ByteString]) {
        rows = [heads]
    }

    public mutating func add(_ row: [ByteString]) {
        rows.append(row)
    }

    /// The rows as lines, all columns but the last filled up to one width.
    ///
    /// - Parameter style: Changes a cell once it has its width; rows count from 0, the heads not.
    public func lines(style: (ByteString, _ row: Int, _ column: Int) -> ByteString = { cell, _, _ in cell })
        -> [ByteString]
    {
        let last = rows[0].count - 1
        let widths = (0...last).map { column in rows.reduce(0) { max($0, $1[column].count) } }
        return rows.enumerated().map { index, row in
            let cells = row.enumerated().map { column, cell in
                let cell = column < last ? cell.padded(to: widths[column]) : cell
                return index > 0 ? style(cell, index - 1, column) : cell
            }
            return cells.joined(separator: "  ")
        }
    }
}
