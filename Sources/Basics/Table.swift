extension [[ByteString]] {
    /// Lines for people. The first row is the heading. All columns but the last have a fixed width.
    /// - Parameter style: Changes a padded cell. Rows count from 0, without the heading.
    public func table(
        style: (ByteString, _ row: Int, _ column: Int) -> ByteString = { cell, _, _ in cell }
    ) -> ByteString {
        let columns = self[0].indices
        let widths = columns.map { column in
            column == columns.last ? 0 : reduce(0) { Swift.max($0, $1[column].count) }
        }
        return indices.map { row in
            columns.map { column in
                let cell = self[row][column].padded(to: widths[column])
                return row > 0 ? style(cell, row - 1, column) : cell
            }.joined(separator: "  ")
        }.joined(separator: "\n")
    }
}
