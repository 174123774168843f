/// Rows for people.
public struct Table {
    private var rows: [[ByteString]]

    public init(_ heads: [ByteString]) { rows = [heads] }

    public mutating func add(_ row: [ByteString]) { rows.append(row) }

    /// The rows as lines, all columns but the last filled up to one width.
    ///
    /// - Parameter style: Changes a cell once it has its width. Rows count from 0, without the heads.
    public func lines(style: (ByteString, _ row: Int, _ column: Int) -> ByteString = { cell, _, _ in cell })
        -> [ByteString]
    {
        var widths = rows[0].map { $0.count }
        for row in rows {
            for column in widths.indices { widths[column] = max(widths[column], row[column].count) }
        }
        widths[widths.count - 1] = 0
        var lines: [ByteString] = []
        for (index, row) in rows.enumerated() {
            var cells: [ByteString] = []
            for column in widths.indices {
                let cell = row[column].padded(to: widths[column])
                cells.append(index > 0 ? style(cell, index - 1, column) : cell)
            }
            lines.append(cells.joined(separator: "  "))
        }
        return lines
    }
}
